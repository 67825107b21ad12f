import { expect, test } from "vitest";
import { podEnvironment } from "./pod-environment.ts";

const template = {
  moduleId: "lin",
  generation: 1n,
  importName: "scipy.linalg",
  python: "/env/python",
  workers: 2,
};
const files = { socket: "/run/x/s", terminationMessage: "/run/x/end", temporary: "/run/x/t" };
const settings = {
  name: "pods/lin-x7k2p",
  sessionGraceMs: 30,
  maxMessageBytes: 5000,
  drainGraceMs: 10,
  importTimeoutMs: 20,
  codeCacheDir: "/cache/code",
};

test("a pod sees the contract's variables and nothing of the manager's secrets", () => {
  const own = {
    PATH: "/bin",
    LC_ALL: "C.UTF-8",
    OMP_NUM_THREADS: "2",
    AWS_SECRET_ACCESS_KEY: "secret",
    UV_INDEX_PASSWORD: "secret",
    NODE_OPTIONS: "--inspect",
    NODE_CHANNEL_FD: "3",
    PODULE_LISTEN: "127.0.0.1:1",
    PYTHONPATH: "/elsewhere",
    LD_PRELOAD: "/x.so",
    UNSET: undefined,
  };
  expect(podEnvironment(own, template, files, settings)).toEqual({
    PATH: "/bin",
    LC_ALL: "C.UTF-8",
    OMP_NUM_THREADS: "2",
    MODULE_NAME: "scipy.linalg",
    PODULE_MODULE_ID: "lin",
    PODULE_POD_NAME: "lin-x7k2p",
    PODULE_REVISION: "1",
    PODULE_LISTEN: "unix:/run/x/s",
    PODULE_PYTHON: "/env/python",
    PODULE_WORKERS: "2",
    PODULE_IMPORT_TIMEOUT_MS: "20",
    PODULE_DRAIN_GRACE_MS: "10",
    PODULE_SESSION_GRACE_MS: "30",
    PODULE_MAX_MESSAGE_BYTES: "5000",
    NODE_COMPILE_CACHE: "/cache/code",
    PODULE_BYTECODE_DIR: "/cache/code/python",
    TERMINATION_MESSAGE_PATH: "/run/x/end",
    TMPDIR: "/run/x/t",
  });
});

test("own code and a memory limit are given on", () => {
  const more = { ...template, sourceFolder: "/src", workerMemoryLimit: 1024 };
  expect(podEnvironment({}, more, files, settings)).toMatchObject({
    PODULE_MODULE_PATH: "/src",
    PODULE_WORKER_MEMORY_LIMIT: "1024",
  });
});

test("a module's own variables are the pod's, but for Podule's; Secrets and images are for clusters", () => {
  const value = { $case: "value", value: "1" } as const;
  const env = [
    { name: "TOKEN", source: value },
    { name: "MODULE_NAME", source: value },
  ];
  const seen = podEnvironment({}, { ...template, env }, files, settings);
  expect([seen["TOKEN"], seen["MODULE_NAME"]]).toEqual(["1", "scipy.linalg"]);
  const secret = { $case: "secretKeyRef", value: { name: "a", key: "b" } } as const;
  for (const wrong of [{ env: [{ name: "A", source: secret }] }, { image: "a" }])
    expect(() => podEnvironment({}, { ...template, ...wrong }, files, settings)).toThrow(
      /Kubernetes backend/,
    );
});
