"use strict";
// What `npm start` and `npm run demo` run: sees that this Node.js will do, builds what has changed where that is possible,
// and runs the program in this process. Old releases of Node.js must be able to read it, so it keeps to old syntax.
// (A script of its own before the start, `prestart`, is left out by `ignore-scripts`.)

var childProcess = require("child_process");
var fs = require("fs");
var path = require("path");

var ROOT = path.resolve(__dirname, "..");
var PROGRAM = path.join(ROOT, "dist", "main.js");
/** Written anew by each build. */
var STAMP = path.join(ROOT, "dist", ".tsbuildinfo");
var SOURCE = path.join(ROOT, "src");
var COMPILER = path.join(ROOT, "node_modules", "typescript", "bin", "tsc");
var PROJECTS = ["tsconfig.build.json", "tsconfig.page.json"];
/** `--include=dev` brings the compiler where NODE_ENV=production or omit=dev leaves it out. */
var INSTALL_AND_BUILD = "npm ci --include=dev && npm run build";

function end(sentence) {
  process.stderr.write(sentence + "\n");
  process.exit(1);
}

function needsNewerNode() {
  var needed = /[\d.]+/.exec(JSON.parse(fs.readFileSync(path.join(ROOT, "package.json"), "utf8")).engines.node)[0];
  var wanted = needed.split(".").map(Number);
  var found = process.versions.node.split(".").map(Number);
  if (found[0] > wanted[0] || (found[0] === wanted[0] && found[1] >= wanted[1])) return undefined;
  return (
    "caruna-integration needs Node.js " +
    needed +
    " or newer, and this is Node.js " +
    process.versions.node +
    " (" +
    process.execPath +
    "): install a newer one, from https://nodejs.org for example."
  );
}

function newest(file) {
  var stat = fs.statSync(file);
  if (!stat.isDirectory()) return stat.mtime.getTime();
  return fs.readdirSync(file).reduce(function (latest, name) {
    return Math.max(latest, newest(path.join(file, name)));
  }, 0);
}

function exists(file) {
  try {
    fs.statSync(file);
    return true;
  } catch (error) {
    return false;
  }
}

function mayWrite(folder) {
  try {
    fs.accessSync(folder, fs.constants.W_OK);
    return true;
  } catch (error) {
    return false;
  }
}

/** A package or an image has no sources; what a clone has may have been built from others. */
function hasChanged() {
  if (!exists(SOURCE)) return false;
  if (!exists(STAMP)) return !exists(PROGRAM);
  var built = fs.statSync(STAMP).mtime.getTime();
  var parts = [SOURCE].concat(
    PROJECTS.concat("tsconfig.json").map(function (name) {
      return path.join(ROOT, name);
    })
  );
  return parts.some(function (part) {
    return newest(part) > built;
  });
}

function build() {
  PROJECTS.forEach(function (project) {
    // What a command prints is its result alone.
    var options = { cwd: ROOT, stdio: ["ignore", 2, 2] };
    var outcome = childProcess.spawnSync(process.execPath, [COMPILER, "-p", project], options);
    if (outcome.status !== 0)
      end(
        "caruna-integration could not be built from its sources in " +
          ROOT +
          "; in that folder, run: " +
          INSTALL_AND_BUILD
      );
  });
  var now = new Date();
  fs.utimesSync(STAMP, now, now);
}

function prepare() {
  var outdated = needsNewerNode();
  if (outdated !== undefined) end(outdated);
  var isBuilt = exists(PROGRAM);
  var dist = path.join(ROOT, "dist");
  var mayBuild = exists(COMPILER) && mayWrite(exists(dist) ? dist : ROOT);
  if (hasChanged() && mayBuild) build();
  else if (!isBuilt)
    end(
      "caruna-integration is not built yet" +
        (mayWrite(ROOT) ? "" : ", and you may not write its folder") +
        ". In " +
        ROOT +
        (mayWrite(ROOT) ? "" : ", as its owner,") +
        " run: " +
        INSTALL_AND_BUILD
    );
  if (!exists(path.join(ROOT, "node_modules", "commander")) && exists(path.join(ROOT, "package-lock.json")))
    end("The modules that caruna-integration needs are not installed. In " + ROOT + " run: npm ci");
}

prepare();
import("../dist/main.js").catch(function (error) {
  end(error && error.stack);
});
