import { defineConfig } from "vitest/config";

// Four projects: `main` needs nothing but Node.js, `system` needs packages of the operating system
// (a pseudo-terminal, Chromium), `soak` takes its time, `rules` checks the layout of the source itself and is part of `npm run check`.
export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: "main",
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.system.test.ts", "test/rules/**", "test/soak/**"],
          globalSetup: ["test/support/postgres-server.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "system",
          include: ["test/**/*.system.test.ts"],
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
