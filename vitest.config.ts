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
          exclude: ["test/kubernetes/**"],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        // Against the cluster of KUBECONFIG: what is said there, and the files of e2e that touch no process or file of a pod.
        test: {
          name: "kubernetes",
          include: ["test/kubernetes/**/*.test.ts", "test/e2e/{values,tables,errors,streaming}.test.ts"],
          globalSetup: "test/kubernetes/global-setup.ts",
          env: { PODULE_TEST_BACKEND: "kubernetes" },
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
