// Runs one command line after another in this process, so that the modules of the program are loaded once. Each comes as
// a message; a mark at the end of both streams says that it has ended.
import { run } from "../../dist/cli/index.js";

process.on("message", async ({ parameters, environment, folder, mark }) => {
  process.chdir(folder);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, environment);
  process.exitCode = undefined;
  await run([process.execPath, "caruna-integration", ...parameters]);
  const exitCode = process.exitCode ?? 0;
  process.stdout.write(mark);
  process.stderr.write(`${exitCode}${mark}`);
  process.exitCode = undefined;
});
process.on("disconnect", () => process.exit());
process.setMaxListeners(0);
process.stdout.setMaxListeners(0);
process.stderr.setMaxListeners(0);
