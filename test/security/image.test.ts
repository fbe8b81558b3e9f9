import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const read = (name: string) => readFileSync(join(import.meta.dirname, "../..", name), "utf8");
const lines = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));

describe("the image", () => {
  const dockerfile = lines(read("Dockerfile"));
  const stages = dockerfile.flatMap((line, index) => (/^FROM /.test(line) ? [index] : []));
  const last = dockerfile.slice(stages.at(-1));

  test("runs as a user without rights", () => {
    expect(last.filter((line) => line.startsWith("USER "))).toEqual(["USER node"]);
    const started = last.findIndex((line) => line.startsWith("ENTRYPOINT "));
    expect(last.indexOf("USER node")).toBeLessThan(started);
    expect(last.filter((line) => /\b(sudo|setuid|chmod [0-7]*[67]77|--privileged)\b/.test(line))).toEqual([]);
  });

  test("takes no secret in: no build argument, no variable, no file but those that are named", () => {
    const ignored = lines(read(".dockerignore"));
    expect(ignored[0]).toBe("*");
    expect(ignored.slice(1).filter((line) => !line.startsWith("!"))).toEqual([]);
    const allowed = ignored.slice(1).map((line) => line.slice(1));
    expect(allowed.filter((name) => /^\.|state|\*|secret|password|^config\/\.|git/.test(name))).toEqual([]);
    expect(dockerfile.filter((line) => /^(ARG|ENV) /.test(line))).toEqual([
      "ARG NODE_IMAGE=node:24-bookworm-slim",
      "ARG BROWSER=",
      "ARG PREVIOUS_POSTGRES=",
      "ARG BROWSER",
      "ENV NODE_ENV=production STATE_DIR=/state",
      "ARG BROWSER",
    ]);
    const copied = dockerfile.filter((line) => /^(COPY|ADD) /.test(line) && !line.includes("--from="));
    expect(copied.flatMap((line) => line.split(/\s+/).slice(1, -1)).filter((name) => !allowed.includes(name))).toEqual(
      [],
    );
    expect(dockerfile.filter((line) => line.startsWith("ADD "))).toEqual([]);
  });

  test("takes the packages of the lock file, those for development left out", () => {
    expect(dockerfile.filter((line) => /npm (ci|install|i)\b/.test(line))).toEqual([
      "RUN npm ci --omit=dev",
      // Nothing unless the builder names a version of PostgreSQL's programs.
      expect.stringMatching(/^RUN mkdir previous && if \[ -n "\$PREVIOUS_POSTGRES" \]; then npm install .*\\$/),
      "RUN npm ci",
    ]);
    expect(last.filter((line) => line.includes("/node_modules"))).toEqual([
      "COPY --from=dependencies /app/node_modules ./node_modules",
      "COPY --from=build /driver ./node_modules",
    ]);
  });

  test("starts the program itself, by no shell", () => {
    for (const word of ["ENTRYPOINT", "CMD"]) {
      const [, written = ""] = last.find((line) => line.startsWith(`${word} `))?.split(/ (.*)/) ?? [];
      expect(JSON.parse(written)).toEqual(expect.any(Array));
    }
  });
});

test("what the repository would publish is named, and git keeps .env and state out", () => {
  const ignored = lines(read(".gitignore"));
  expect(ignored).toEqual(expect.arrayContaining([".env"]));
  expect(ignored.some((line) => /^\/?state\/?$/.test(line))).toBe(true);
  const { files } = JSON.parse(read("package.json"));
  expect(files).toEqual(["dist", "!dist/**/*.map", "!dist/.tsbuildinfo", "sql", "config", "CHANGELOG.md"]);
});
