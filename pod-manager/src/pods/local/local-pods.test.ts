import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { reasonOf, StatusError } from "@podule/grpc";
import { type Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { PodBackend, PodEvent } from "../pod-backend.ts";
import { createLocalPods, type LocalPodsOptions } from "./local-pods.ts";

const main = fileURLToPath(new URL("./testing/scripted-pod.ts", import.meta.url));
let runDir: string;
let pods: PodBackend;
let events: PodEvent[];

beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), "podule-"));
  start({});
});

afterEach(async () => {
  await pods.close();
  expect(readdirSync(runDir)).toEqual([]);
  rmSync(runDir, { recursive: true });
});

function start(options: Partial<LocalPodsOptions>): void {
  events = [];
  pods = createLocalPods({ runDir, main, drainGraceMs: 200, startTimeoutMs: 20_000, ...options });
  pods.watch((event) => events.push(event));
}

function create(behaviour: string): Pod {
  return pods.createPod({
    moduleId: behaviour,
    generation: 3n,
    importName: behaviour,
    python: "python3",
    workers: 1,
  });
}

/** The pod once it is in that state. */
function inState(name: string, state: Pod_State): Promise<Pod> {
  return new Promise((resolve) => {
    const check = (): void => {
      const pod = pods.getPod(name);
      if (pod?.state !== state) return;
      stop();
      resolve(pod);
    };
    const stop = pods.watch(check);
    check();
  });
}

async function logOf(name: string, tailLines = 0): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of pods.logs(name, { follow: true, tailLines, signal: new AbortController().signal }))
    lines.push(line.text);
  return lines;
}

const statesOf = (name: string) =>
  events.filter(({ pod }) => pod.name === name).map(({ type, pod }) => `${type} ${pod.state}`);

test("a pod becomes ready, drains and is known after its end", async () => {
  const { name } = create("serve");
  expect(name).toMatch(/^pods\/serve-[a-z0-9]{5}$/);
  const ready = await inState(name, Pod_State.READY);
  expect(ready.module).toBe("modules/serve");
  expect(ready.generation).toBe(3n);
  expect(ready.readyTime).toBeDefined();
  await pods.drainPod(name);
  const ended = pods.getPod(name);
  expect(ended?.state).toBe(Pod_State.SUCCEEDED);
  expect(ended?.endTime).toBeDefined();
  expect(statesOf(name)).toEqual(["ADDED 1", "MODIFIED 2", "MODIFIED 3", "MODIFIED 4"]);
  await pods.drainPod(name);
  await pods.deletePod(name);
});

test("a pod that does not drain is ended after the grace", async () => {
  start({ drainGraceMs: 0 });
  const { name } = create("stubborn");
  await inState(name, Pod_State.READY);
  await pods.drainPod(name);
  expect(pods.getPod(name)?.state).toBe(Pod_State.SUCCEEDED);
  expect(await logOf(name)).toEqual(["no"]);
});

test("a deleted pod is gone at once; a cause makes it a failure", async () => {
  const first = create("stubborn").name;
  const second = create("never_ready").name;
  await pods.deletePod(first);
  await pods.deletePod(second, { code: 10, message: "replaced", details: [] });
  expect(pods.getPod(first)).toMatchObject({ state: Pod_State.SUCCEEDED });
  expect(pods.getPod(second)).toMatchObject({
    state: Pod_State.FAILED,
    error: { code: 10, message: "replaced" },
  });
});

test("a pod that dies while starting fails with its last words", async () => {
  const { name } = create("die");
  const failed = await inState(name, Pod_State.FAILED);
  expect(failed.error?.message).toContain("exited with code 3 before it was ready: MemoryError: too much");
  expect(failed.error && reasonOf(failed.error)).toBe("POD_NOT_STARTED");
  expect(await logOf(name)).toEqual(["out", "Traceback (most recent call last):", "MemoryError: too much"]);
});

test("the termination message is the error", async () => {
  const failed = await inState(create("explain").name, Pod_State.FAILED);
  expect(failed.error).toMatchObject({ code: 9, message: "No module named 'x'" });
});

test("a pod that is not ready in time is ended", async () => {
  start({ startTimeoutMs: 1500 });
  const failed = await inState(create("never_ready").name, Pod_State.FAILED);
  expect(failed.error && reasonOf(failed.error)).toBe("POD_START_TIMEOUT");
});

test("a pod killed from outside has failed", async () => {
  const { name } = create("serve");
  await inState(name, Pod_State.READY);
  process.kill(pidOf(name), "SIGKILL");
  const failed = await inState(name, Pod_State.FAILED);
  expect(failed.error && reasonOf(failed.error)).toBe("POD_DIED");
});

test("a flood of output costs bounded memory and does not hold up the pod", async () => {
  const { name } = create("flood");
  const before = process.memoryUsage().arrayBuffers;
  const last: string[] = [];
  const follow = new AbortController();
  for await (const { text } of pods.logs(name, { follow: true, tailLines: 0, signal: follow.signal })) {
    last[0] = text;
    if (text === "flooded") follow.abort();
  }
  expect(last).toEqual(["flooded"]);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  await pods.deletePod(name);
  const kept = await logOf(name);
  const bytes = kept.reduce((sum, text) => sum + text.length, 0);
  expect(bytes).toBeGreaterThan(900_000);
  expect(bytes).toBeLessThanOrEqual(1024 * 1024);
  expect(await logOf(name, 2)).toEqual(kept.slice(-2));
});

test("only the last ended pods are known", async () => {
  start({ keptEnded: 2 });
  const names = [create("die").name, create("die").name, create("die").name];
  for (const name of names) {
    if (pods.getPod(name) !== undefined) await pods.deletePod(name);
  }
  expect(pods.listPods()).toHaveLength(2);
  expect(events.filter(({ type }) => type === "DELETED")).toHaveLength(1);
});

test("unknown pods and unusable folders are typed errors", async () => {
  await expect(pods.drainPod("pods/none-12345")).rejects.toMatchObject({ code: 5 });
  expect(() => createLocalPods({ main, runDir: `/${"x".repeat(100)}` })).toThrow(StatusError);
  expect(() => createLocalPods({ main, runDir: "/proc/none" })).toThrow(StatusError);
  const { name } = create("serve");
  await pods.close();
  expect(pods.getPod(name)?.state).toBe(Pod_State.SUCCEEDED);
  expect(() => create("serve")).toThrow(/ending/);
});

/** Of the one child of this process that has the pod's folder as its own. */
function pidOf(name: string): number {
  const folder = pods.getPod(name)?.address.slice("unix:".length, -"/s".length);
  for (const entry of readdirSync("/proc")) {
    if (/^\d+$/.test(entry) && cwdOf(entry) === folder) return Number(entry);
  }
  throw new Error(`no process of ${name}`);
}

function cwdOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}
