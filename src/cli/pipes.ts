/** A reader that has gone (`… | head`) is no error: what is left to write is dropped. */
export function toleratePipesThatBreak(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}
