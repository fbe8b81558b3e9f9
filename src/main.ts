#!/usr/bin/env node
// Old releases of Node.js must be able to read this file, so it imports nothing before it has looked at the release.
const NEEDED = [20, 19] as const;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  process.stderr.write(
    `caruna-integration needs Node.js ${NEEDED.join(".")} or newer, and this is Node.js ${process.versions.node} ` +
      `(${process.execPath}): install a newer one, from https://nodejs.org for example.\n`,
  );
  process.exitCode = 1;
} else {
  void import("./cli/index.js").then(({ run }) => run(process.argv));
}
