import { once } from "node:events";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { CallRequest } from "@podule/proto/podule/v1/calls.ts";
import { Module_State } from "@podule/proto/podule/v1/modules.ts";
import { Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { ClientError, Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findUv } from "./environments/testing/find-uv.ts";
import { isRunning, startManager } from "./testing/start-manager.ts";
import { until } from "./testing/until.ts";

const OWN_CODE = `
import os, time
def pid(): return os.getpid()
def slow(seconds): time.sleep(seconds); return seconds
def forever():
    n = 0
    while True:
        yield n
        n += 1
def counted(size):
    n = 0
    while True:
        n += 1
        print("made", n, flush=True)
        yield bytes(size)
def say(text): print(text, flush=True)
`;

type Manager = Awaited<ReturnType<typeof startManager>>;
const int = (value: bigint) => ({ kind: { $case: "int" as const, value } });
const float = (value: number) => ({ kind: { $case: "float" as const, value } });

async function codeOf(answer: Promise<unknown>): Promise<Status> {
  const error: unknown = await answer.then(
    () => undefined,
    (thrown) => thrown,
  );
  if (error instanceof ClientError) return error.code;
  throw error ?? new Error("It succeeded");
}

describe.skipIf(findUv() === undefined)("the pod manager as a process", { timeout: 120_000 }, () => {
  let manager: Manager;

  beforeAll(async () => {
    manager = await startManager();
    const path = join(manager.runDir, "..", "own.py");
    writeFileSync(path, OWN_CODE);
    await manager.modules.createModule({ moduleId: "own", module: { spec: { path, workers: 2 } } });
  }, 60_000);
  afterAll(async () => {
    const { end, remove, runDir, processes } = manager;
    const pids = processes();
    expect(await end("SIGTERM")).toBe(0);
    expect(readdirSync(runDir)).toEqual([]);
    await until(() => !pids.some(isRunning));
    remove();
  }, 60_000);

  test("a thousand first calls at once make one module and one pod", async () => {
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, n) =>
        manager.calls.call({ module: "math", function: "isqrt", args: [int(BigInt(n * n))] }),
      ),
    );
    expect(answers.map(({ result }) => result?.kind?.value)).toEqual(
      Array.from({ length: 1000 }, (_, n) => BigInt(n)),
    );
    const { pods } = await manager.pods.listPods({ filter: 'module = "modules/math"' });
    expect(pods).toMatchObject([{ state: Pod_State.READY, callsInFlight: 0 }]);
  });

  test("errors of the module, of its start and of the request are told apart", async () => {
    const call = (module: string, name: string) => codeOf(manager.calls.call({ module, function: name }));
    expect(await codeOf(manager.calls.call({ module: "math", function: "sqrt", args: [float(-1)] }))).toBe(
      Status.INVALID_ARGUMENT,
    );
    expect(await call("math", "nothing")).toBe(Status.NOT_FOUND);
    for (const id of ["", "..", "a/b", "a\nb", "x".repeat(70)])
      expect(await call(id, "f")).toBe(Status.INVALID_ARGUMENT);
  });

  test("a stream goes as fast as its reader, and ends with it", async () => {
    const seen: unknown[] = [];
    for await (const { item } of manager.calls.stream({ module: "own", function: "forever" })) {
      seen.push(item?.kind?.value);
      if (seen.length === 5000) break;
    }
    expect(seen).toEqual(Array.from({ length: 5000 }, (_, n) => BigInt(n)));
    await until(async () => (await ownPod()).callsInFlight === 0);
  });

  test("a worker is not far ahead of a client that does not read", async () => {
    const { name } = await ownPod();
    const made = async (): Promise<number> => {
      let last = 0;
      for await (const { text } of manager.pods.getPodLogs({ name }))
        if (text.startsWith("made ")) last = Number(text.slice("made ".length));
      return last;
    };
    const size = 500_000;
    const request = { module: "own", function: "counted", args: [int(BigInt(size))] };
    const items = manager.calls.stream(request)[Symbol.asyncIterator]();
    await items.next();
    let before = 0;
    let now = await made();
    while (now !== before) {
      await sleep(300);
      [before, now] = [now, await made()];
    }
    // 4 MiB by credit, and what the windows and buffers of two connections hold.
    expect(now * size).toBeLessThan(24 * 1024 * 1024);
    for (let n = 0; n < 40; n++) expect((await items.next()).done).toBe(false);
    expect(await made()).toBeGreaterThan(now);
    await items.return?.();
    await until(async () => (await ownPod()).callsInFlight === 0);
  });

  test("a session is piped to a pod", async () => {
    async function* requests() {
      yield { frames: [{ frame: { $case: "open" as const, value: { module: "own" } } }] };
      yield {
        frames: [1n, 2n, 3n].map((id) => ({
          frame: { $case: "call" as const, value: { id, request: { function: "pid" } } },
        })),
      };
      await answered.promise;
    }
    const answered = Promise.withResolvers<void>();
    const kinds: string[] = [];
    for await (const { frames } of manager.calls.session(requests())) {
      kinds.push(...frames.map(({ frame }) => frame?.$case ?? "none"));
      if (kinds.length >= 4) answered.resolve();
    }
    expect(kinds).toEqual(["opened", "result", "result", "result"]);
    const early = { frames: [{ frame: { $case: "credit" as const, value: { id: 1n, items: 1 } } }] };
    async function* wrong() {
      yield early;
    }
    expect(await codeOf(manager.calls.session(wrong())[Symbol.asyncIterator]().next())).toBe(
      Status.INVALID_ARGUMENT,
    );
  });

  test("a deadline and a cancellation reach calls that wait and calls that run", async () => {
    const request = { module: "own", function: "slow", args: [float(30)] };
    const cancelled = manager.calls.call(request, { signal: AbortSignal.timeout(300) });
    await expect(cancelled).rejects.toThrow(/abort/i);
    await until(async () => (await ownPod()).callsInFlight === 0);

    const channel = new Client(manager.address, credentials.createInsecure());
    const deadline = Date.now() + 400;
    const code = await new Promise<number | undefined>((resolve) => {
      const bytes = Buffer.from(CallRequest.encode(CallRequest.fromPartial(request)).finish());
      channel.makeUnaryRequest(
        "/podule.v1.Calls/Call",
        (sent: Buffer) => sent,
        (received) => received,
        bytes,
        new Metadata(),
        { deadline },
        (error) => resolve(error?.code),
      );
    });
    expect(code).toBe(Status.DEADLINE_EXCEEDED);
    await until(async () => (await ownPod()).callsInFlight === 0);
    channel.close();
  });

  test("logs are kept and followed", async () => {
    await manager.calls.call({
      module: "own",
      function: "say",
      args: [{ kind: { $case: "str", value: "hello" } }],
    });
    for await (const line of manager.pods.getPodLogs({ name: (await ownPod()).name, follow: true })) {
      if (line.text === "hello") break;
    }
  });

  test("kill -9 of a pod in the middle of a call: its calls are told, the next ones find a new pod", async () => {
    const { name, address } = await ownPod();
    const running = codeOf(manager.calls.call({ module: "own", function: "slow", args: [float(60)] }));
    await until(async () => (await ownPod()).callsInFlight === 1);
    process.kill(manager.podProcess(address), "SIGKILL");
    expect([Status.ABORTED, Status.UNAVAILABLE]).toContain(await running);
    await until(async () => (await manager.pods.getPod({ name })).state === Pod_State.FAILED);
    const after = await manager.calls.call({ module: "own", function: "slow", args: [float(0)] });
    expect(after.result?.kind?.value).toBe(0);
    expect((await ownPod()).name).not.toBe(name);
    expect(existsSync(address.slice("unix:".length))).toBe(false);
  });

  test("an update under load loses no call", async () => {
    let running = true;
    let answered = 0;
    const load = async (): Promise<void> => {
      while (running) {
        await manager.calls.call({ module: "own", function: "slow", args: [float(0.001)] });
        answered += 1;
      }
    };
    const loads = Array.from({ length: 8 }, load);
    await manager.modules.updateModule({
      module: { name: "modules/own", spec: { workers: 1 } },
      updateMask: ["spec.workers"],
    });
    await until(async () => {
      const { status } = await manager.modules.getModule({ name: "modules/own" });
      return status?.state === Module_State.READY && status.observedGeneration === 2n;
    }, 60_000);
    const before = answered;
    await until(() => answered > before + 100);
    running = false;
    await Promise.all(loads);
  });

  test("calls in the queue of a module that cannot start get its own error", async () => {
    await manager.modules.createModule({ moduleId: "none", module: { spec: { importName: "os.none" } } });
    const codes = await Promise.all(
      Array.from({ length: 20 }, () => codeOf(manager.calls.call({ module: "none", function: "f" }))),
    );
    expect(new Set(codes).size).toBe(1);
    const { status } = await manager.modules.getModule({ name: "modules/none" });
    expect(status).toMatchObject({ state: Module_State.FAILED, error: { code: codes[0] } });
  });

  test("a deleted module is gone", async () => {
    await manager.modules.deleteModule({ name: "modules/own" });
    const { pods } = await manager.pods.listPods({ filter: 'module = "modules/own" AND state = READY' });
    expect(pods).toEqual([]);
  });

  async function ownPod() {
    const { pods } = await manager.pods.listPods({ filter: 'module = "modules/own" AND state = READY' });
    const [pod] = pods;
    if (pod === undefined) throw new Error("no pod is ready");
    return pod;
  }
});

describe.skipIf(findUv() === undefined)("lifetimes of the pod manager", { timeout: 120_000 }, () => {
  test("kill -9 of the manager leaves no process; a queue that is full says so", async () => {
    const manager = await startManager({ PODULE_QUEUE_LIMIT: "3" });
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        manager.calls.call({ module: "math", function: "isqrt", args: [int(9n)] }).then(
          () => Status.OK,
          (error: unknown) => (error instanceof ClientError ? error.code : Status.UNKNOWN),
        ),
      ),
    );
    expect(answers.filter((code) => code === Status.OK)).toHaveLength(3);
    expect(answers.filter((code) => code === Status.RESOURCE_EXHAUSTED)).toHaveLength(7);
    const pids = manager.processes();
    expect(pids.length).toBeGreaterThanOrEqual(3);
    await manager.end("SIGKILL");
    await until(() => !pids.some(isRunning));
    manager.remove();
  });

  test("the loss of its parent ends it, pods first", async () => {
    const manager = await startManager();
    await manager.calls.call({ module: "math", function: "isqrt", args: [int(9n)] });
    const pids = [...manager.processes(), manager.child.pid ?? 0];
    manager.child.disconnect();
    await until(() => !pids.some(isRunning));
    expect(readdirSync(manager.runDir)).toEqual([]);
    manager.remove();
  });

  test("a call that runs ends before the manager does; one that waits is refused", async () => {
    const manager = await startManager();
    const path = join(manager.runDir, "..", "own.py");
    writeFileSync(path, OWN_CODE);
    await manager.modules.createModule({ moduleId: "own", module: { spec: { path } } });
    await manager.calls.call({ module: "own", function: "pid" });
    const running = manager.calls.call({ module: "own", function: "slow", args: [float(1)] });
    await until(async () => (await manager.pods.listPods({})).pods.some((pod) => pod.callsInFlight === 1));
    const waiting = codeOf(manager.calls.call({ module: "json", function: "dumps", args: [int(1n)] }));
    await until(async () => (await manager.modules.listModules({})).modules.length === 2);
    const ended = once(manager.child, "exit");
    manager.child.kill("SIGTERM");
    expect((await running).result?.kind?.value).toBe(1);
    expect([Status.OK, Status.UNAVAILABLE]).toContain(await waiting.catch(() => Status.OK));
    expect(await ended).toEqual([0, null]);
    manager.remove();
  });
});
