import { expect, test } from "vitest";
import type { Environments } from "./environments.ts";
import { makeLock } from "./lock.ts";
import { createPodEnvironments } from "./pod-environments.ts";

const python = {
  path: "/usr/bin/python3",
  version: "3.12.1",
  implementation: "cpython",
  platform: "linux",
  abi: "abi3",
  stdlib: [],
  file: "1",
};
const request = { importName: "numpy", dependencies: [], python: "", ownCode: false };
const signal = new AbortController().signal;

function over(text: string, known: boolean): Environments {
  const lock = makeLock(python, text);
  return {
    lookup: async () => (known ? { lock } : {}),
    resolve: async () => lock,
    install: () => Promise.reject(new Error("Nothing is installed here")),
    close: async () => {},
  };
}

test("an environment is where the pod has it, with the lock to install it by", async () => {
  const environments = createPodEnvironments(over("numpy==2.3.4 --hash=sha256:00", true), "/cache");
  const { lock, environment } = await environments.lookup(request);
  expect(environment?.python).toBe(`/cache/environments/${lock?.digest.slice("sha256:".length)}/bin/python`);
  expect(environment?.lock).toBe(lock);
  expect(await environments.install(lock ?? makeLock(python, ""), { signal })).toEqual(environment);
});

test("what is not resolved is not there", async () => {
  expect(await createPodEnvironments(over("numpy", false), "/cache").lookup(request)).toEqual({});
});

test("the bare standard library is the image's", async () => {
  const environments = createPodEnvironments(over("", true), "/cache");
  expect((await environments.lookup(request)).environment?.python).toBe("/usr/bin/python3");
});
