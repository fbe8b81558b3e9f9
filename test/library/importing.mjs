// Run by import.test.ts in a process of its own: imports the library and tells, as JSON, what that did beside.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import path from "node:path";

const touched = [];
/** Node.js itself reads modules by some of these functions, too. */
const isModule = (file) =>
  /[/\\](?:node_modules|dist)[/\\].*\.(?:c?js|mjs|json)$|package\.json$/.test(path.resolve(String(file)));
const watched = [
  [
    fs,
    [
      "openSync",
      "readFileSync",
      "readdirSync",
      "writeFileSync",
      "mkdirSync",
      "open",
      "readFile",
      "readdir",
      "writeFile",
      "mkdir",
      "createReadStream",
      "createWriteStream",
    ],
  ],
  [fs.promises, ["open", "readFile", "readdir", "writeFile", "mkdir"]],
];
for (const [module, names] of watched) {
  for (const name of names) {
    const original = module[name];
    module[name] = function (...parameters) {
      if (!isModule(parameters[0])) touched.push(`${name} ${parameters[0]}`);
      return original.apply(this, parameters);
    };
  }
}
syncBuiltinESMExports();
const events = () => process.eventNames().map(String).sort();
// The process' own streams are handles from their first use on: a module that looks whether stderr is a terminal opens none.
process.stdout.write("");
process.stderr.write("");
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
await settled();
const before = {
  handles: process.getActiveResourcesInfo(),
  events: events(),
  environment: JSON.stringify(process.env),
  globals: Object.getOwnPropertyNames(globalThis),
};

const library = await import("caruna-integration");
await settled();

const seen = {
  exports: Object.keys(library),
  touched,
  newHandles: process.getActiveResourcesInfo().slice(before.handles.length),
  newEvents: events().filter((name) => !before.events.includes(name)),
  // zod keeps its registry where two copies of it can find it; it is no part of what we tell.
  newGlobals: Object.getOwnPropertyNames(globalThis).filter(
    (name) => !before.globals.includes(name) && !name.startsWith("__zod_"),
  ),
  environmentChanged: JSON.stringify(process.env) !== before.environment,
};
process.stdout.write(JSON.stringify(seen));
