import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// Four projects: `main` needs nothing but Node.js, `system` needs packages of the operating system
// (a pseudo-terminal, Chromium), `soak` takes its time, `rules` checks the layout of the source itself and is part of `npm run check`.
export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // Most of the time goes into waiting, for servers and programs that the tests start: two at once even on two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        extends: true,
        test: {
          name: "main",
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.system.test.ts", "test/rules/**", "test/soak/**"],
          setupFiles: ["test/support/fast-check.ts"],
          globalSetup: ["test/support/postgres-server.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "system",
          include: ["test/**/*.system.test.ts"],
          setupFiles: ["test/support/fast-check.ts"],
          globalSetup: ["test/support/postgres-server.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "soak",
          include: ["test/soak/**/*.soak.test.ts"],
          globalSetup: ["test/support/postgres-server.ts"],
        },
      },
      { extends: true, test: { name: "rules", include: ["test/rules/**/*.test.ts"] } },
    ],
  },
});
