import { defineConfig } from "vitest/config";

// Tests that never talk to a server, so that running them alone starts none.
const serverless = ["*.test.ts", "unit/{model,transform,plan,repository,reconcile,config,cli}/**/*.test.ts"];
const inTest = (pattern: string) => `test/${pattern}`;

export default defineConfig({
  test: {
    maxWorkers: 2,
    // Small machines run this beside other work: a test that hangs is found, a slow one is left alone.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    projects: [
      { extends: true, test: { name: "unit", include: serverless.map(inTest) } },
      {
        extends: true,
        test: {
          name: "servers",
          include: [inTest("**/*.test.ts")],
          exclude: serverless.map(inTest),
          globalSetup: "test/support/global-setup.ts",
        },
      },
    ],
  },
});
