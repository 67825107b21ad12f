import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CallRequest, CallResponse } from "@podule/proto/podule/v1/calls.ts";
import { type Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { connectSession, type SessionClient } from "@podule/session";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../testing/until.ts";
import type { PodBackend, PodTemplate } from "../pod-backend.ts";
import { createLocalPods, type LocalPodsOptions } from "./local-pods.ts";

let runDir: string;
let pods: PodBackend;
const sessions: SessionClient[] = [];
const template: PodTemplate = {
  moduleId: "os",
  generation: 1n,
  importName: "os",
  python: "python3",
  workers: 1,
};
const keep = { keepWarm: true };

beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), "podule-"));
});

afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy();
  await pods.close();
  expect(readdirSync(runDir)).toEqual([]);
  rmSync(runDir, { recursive: true });
});

function start(options: Partial<LocalPodsOptions>): void {
  pods = createLocalPods({ runDir, drainGraceMs: 5000, parking: { pods: 2, bytes: 2 ** 40 }, ...options });
}

async function ready(fields: Partial<PodTemplate> = {}): Promise<Pod> {
  const { name } = pods.createPod({ ...template, ...fields });
  await until(() => {
    const pod = pods.getPod(name);
    if (pod?.state === Pod_State.FAILED) throw new Error(pod.error?.message);
    return pod?.state === Pod_State.READY;
  });
  const pod = pods.getPod(name);
  if (pod === undefined) throw new Error("It is gone");
  return pod;
}

/** os.FUNCTION() in that pod: a number. */
async function ask(pod: Pod, name: string): Promise<number> {
  const session = connectSession({ address: pod.address, module: "os" });
  sessions.push(session);
  await session.opened;
  const request = Buffer.from(CallRequest.encode(CallRequest.fromPartial({ function: name })).finish());
  return await new Promise((resolve, reject) => {
    session.call(request, {}, (error, response) => {
      if (error !== undefined) reject(new Error(error.message));
      const value = CallResponse.decode(response ?? Buffer.alloc(0)).result?.kind;
      resolve(value?.$case === "int" ? Number(value.value) : Number.NaN);
    });
  });
}

test("a parked pod is another pod of its module, in the process that has imported it", async () => {
  start({});
  const first = await ready();
  const [zygote, worker] = [await ask(first, "getppid"), await ask(first, "getpid")];
  await pods.drainPod(first.name, keep);
  expect(pods.getPod(first.name)).toMatchObject({ state: Pod_State.SUCCEEDED, error: undefined });
  const second = await ready({ generation: 2n });
  expect(second.name).not.toBe(first.name);
  expect(await ask(second, "getppid")).toBe(zygote);
  expect(await ask(second, "getpid")).not.toBe(worker);
});

test("a pod of another spec is made anew, and what was parked of the module goes", async () => {
  start({});
  const first = await ready();
  const zygote = await ask(first, "getppid");
  await pods.drainPod(first.name, keep);
  const second = await ready({ workers: 2 });
  expect(await ask(second, "getppid")).not.toBe(zygote);
  await until(() => !isThere(zygote));
});

test("pods are parked within the limits, and gone with their module", async () => {
  start({ parking: { pods: 1, bytes: 2 ** 40 } });
  const [one, two] = [await ready(), await ready()];
  const zygotes = [await ask(one, "getppid"), await ask(two, "getppid")];
  await pods.drainPod(one.name, keep);
  await pods.drainPod(two.name, keep);
  await until(() => !isThere(zygotes[0] ?? 0));
  expect(isThere(zygotes[1] ?? 0)).toBe(true);
  pods.forgetModule?.("os");
  await until(() => !isThere(zygotes[1] ?? 0));
});

test("pods whose memory does not fit, and those that nobody wants kept, end", async () => {
  start({ parking: { pods: 5, bytes: 2 ** 20 } });
  const [large, unwanted] = [await ready(), await ready()];
  const zygotes = [await ask(large, "getppid"), await ask(unwanted, "getppid")];
  await pods.drainPod(large.name, keep);
  await pods.drainPod(unwanted.name);
  for (const zygote of zygotes) await until(() => !isThere(zygote));
});

test("the death of a parked pod's process is no failure of the next", async () => {
  start({});
  const first = await ready();
  const zygote = await ask(first, "getppid");
  await pods.drainPod(first.name, keep);
  process.kill(zygote, "SIGKILL");
  await until(() => readdirSync(runDir).length === 0);
  expect(await ask(await ready(), "getppid")).not.toBe(zygote);
});

test("a process that waits becomes the pod of any module", async () => {
  start({ warmPods: 1 });
  await until(() => readdirSync(runDir).length === 1);
  const [folder = ""] = readdirSync(runDir);
  const pod = await ready();
  expect(pod.address).toBe(`unix:${join(runDir, folder, "s")}`);
  expect(await ask(pod, "getpid")).toBeGreaterThan(0);
  // It is replaced when the pod has started.
  await until(() => readdirSync(runDir).length === 2);
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
