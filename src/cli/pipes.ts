/**
 * A reader that has gone (`… | head`) is no error: what is left to say is dropped. Any other failure of standard output
 * (a full disk) is one line on standard error, and no success.
 */
export function toleratePipesThatBreak(): void {
  // Where the log cannot be written there is nobody to tell.
  process.stderr.on("error", () => {});
  let hasFailed = false;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE" || hasFailed) return;
    hasFailed = true;
    const reason = error.code === "ENOSPC" ? "the disk is full" : (error.code ?? error.message);
    process.stderr.write(`What was to be printed cannot be written to standard output: ${reason}.\n`);
    process.on("exit", () => {
      process.exitCode ||= 1;
    });
  });
}
