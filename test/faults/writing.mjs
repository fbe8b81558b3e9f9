// Writes a state file over and over until it is killed; the built program, since plain Node.js runs no TypeScript.
import { writePrivately } from "../../dist/shared/files.js";

const [file] = process.argv.slice(2);
for (let count = 0; ; count += 1) {
  await writePrivately(file, JSON.stringify({ count, filler: "x".repeat(200_000) }));
  if (count === 0) process.stdout.write("writing");
}
