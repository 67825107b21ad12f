import { defineConfig } from "vitest/config";

/** Two projects: `unit` beside the code, `e2e` against the real parts (`npm test` brings what they need). */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: [
            "{proto,grpc,session,telemetry,module-server,pod-manager,envoy,cli,loadtest,clients/typescript}/**/*.test.ts",
          ],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
