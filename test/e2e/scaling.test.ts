import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Module, Module_State, Scaling } from "@podule/proto/podule/v1/modules.ts";
import { type Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import podule, { SessionLostError } from "../../clients/typescript/src/index.ts";
import { failure } from "../stack/call-failure.ts";
import { moduleWhen, spec } from "../stack/modules.ts";
import { useStack } from "../stack/use-stack.ts";
import { float, plain } from "../stack/values.ts";

const CODE = `
import os, time
def pid(): return os.getpid()
def busy(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end: pass
    return os.getpid()
class Box: pass
`;
const running = useStack({ env: { PODULE_SESSION_GRACE_MS: "1500", PODULE_DRAIN_GRACE_MS: "3000" } });
const seconds = (amount: number) => ({ seconds: BigInt(amount), nanos: 0 });
/** Short windows, so that what takes minutes at a user's takes seconds here. */
const SHORT: Scaling = Scaling.create({
  stableWindow: seconds(3),
  panicWindow: seconds(1),
  scaleDownDelay: seconds(1),
  idleTimeout: seconds(3),
});
interface Lender {
  Box(): object;
}
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "podule-e2e-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function create(id: string, scaling: Partial<Scaling> = {}): Promise<void> {
  const path = join(folder, `${id}.py`);
  await writeFile(path, CODE);
  const fields = spec({ path, scaling: { ...SHORT, ...scaling } });
  await running.stack.connection.modules.createModule({ moduleId: id, module: { spec: fields } });
}

const get = (id: string): Promise<Module> =>
  running.stack.connection.modules.getModule({ name: `modules/${id}` });

async function activePods(id: string): Promise<Pod[]> {
  const { pods } = await running.stack.connection.pods.listPods({ filter: `module = "modules/${id}"` });
  return pods.filter(({ state }) => state === Pod_State.STARTING || state === Pod_State.READY);
}

/** The numbers of pods that were seen on the way to `count`. */
async function untilPods(id: string, count: number, ms = 30_000): Promise<number[]> {
  const seen: number[] = [];
  const end = performance.now() + ms;
  while (performance.now() < end) {
    const { length } = await activePods(id);
    if (seen.at(-1) !== length) seen.push(length);
    if (length === count) return seen;
    await sleep(20);
  }
  throw new Error(
    `${id} has not had ${count} pods within ${ms} ms, but ${seen}: ${JSON.stringify((await get(id)).status?.scaling)}`,
  );
}

const call = async (id: string, name: string, ...args: number[]) =>
  plain(
    await running.stack.connection.call(
      id,
      name,
      args.map((one) => float(one)),
    ),
  );

describe("a module that is not used", () => {
  test("goes to zero, says so, and wakes for a call", async () => {
    await create("sleeper");
    const first = await call("sleeper", "pid");
    await untilPods("sleeper", 0);
    const { connection } = running.stack;
    const { status: idle } = await moduleWhen(
      connection,
      "modules/sleeper",
      ({ status }) => status?.pods.length === 0,
    );
    expect(idle).toMatchObject({
      state: Module_State.READY,
      pods: [],
      scaling: { wantedPods: 0, reason: "No call and no session for 3 s" },
    });
    expect(idle?.transitions.at(-1)).toMatchObject({
      state: Module_State.READY,
      message: "Idle: scaled to zero",
    });
    const again = await call("sleeper", "pid");
    expect(again).not.toBe(first);
    expect((await get("sleeper")).status).toMatchObject({
      state: Module_State.READY,
      scaling: { wantedPods: 1, reason: "A call waits" },
    });
    expect((await get("sleeper")).generation).toBe(1n);
  });

  test("a thousand first calls start one pod, and none is lost", async () => {
    await create("crowd");
    await call("crowd", "pid");
    await untilPods("crowd", 0);
    const pids = await Promise.all(Array.from({ length: 1000 }, () => call("crowd", "pid")));
    expect(new Set(pids).size).toBe(1);
    const { pods } = await running.stack.connection.pods.listPods({ filter: `module = "modules/crowd"` });
    expect(pods.filter(({ state }) => state !== Pod_State.SUCCEEDED)).toHaveLength(1);
  });
});

test("a load of long calls brings a second pod, and its end takes it away; nothing fails", async () => {
  await create("burst", { maxPods: 2 });
  const pids = await Promise.all(Array.from({ length: 40 }, () => call("burst", "busy", 0.2)));
  expect(new Set(pids).size).toBe(2);
  expect((await get("burst")).status).toMatchObject({
    state: Module_State.READY,
    scaling: { wantedPods: 2 },
  });
  await untilPods("burst", 1);
  await untilPods("burst", 0);
});

describe("sessions", () => {
  test("keep their pod, which goes when they are gone", async () => {
    await create("holder");
    const { calls } = running.stack.connection;
    const made = await calls.call({ module: "holder", function: "Box", resultMode: 2 });
    expect(made.session).not.toBe("");
    const end = performance.now() + 6000;
    while (performance.now() < end) {
      await sleep(700);
      await calls.call({ module: "holder", function: "pid", session: made.session });
    }
    const [pod] = await activePods("holder");
    expect(pod).toMatchObject({ state: Pod_State.READY, sessions: 1 });
    await untilPods("holder", 0);
  });

  test("without calls let it go where the module says so, and are told what is lost", async () => {
    await create("lender", { leaseTimeout: seconds(2) });
    const lender = await podule.import<Lender>("lender", { url: running.stack.address });
    try {
      const box = await lender.Box().$object();
      await untilPods("lender", 0);
      const end = performance.now() + 30_000;
      let lost: unknown;
      while (lost === undefined && performance.now() < end) {
        await sleep(200);
        lost = await Promise.resolve(box.$repr()).then(
          () => undefined,
          (error: unknown) => error,
        );
      }
      expect(lost).toBeInstanceOf(SessionLostError);
    } finally {
      await lender.$close();
    }
  });
});

describe("settings", () => {
  test("change without new pods", async () => {
    await create("live");
    const pid = await call("live", "pid");
    const before = await get("live");
    const update = {
      name: "modules/live",
      spec: spec({ scaling: Scaling.create({ minPods: 2, maxPods: 2 }) }),
    };
    const { modules } = running.stack.connection;
    const after = await modules.updateModule({
      module: update,
      updateMask: ["spec.scaling.min_pods", "spec.scaling.max_pods"],
    });
    expect(after).toMatchObject({ generation: 1n, status: { state: Module_State.READY } });
    expect(after.etag).not.toBe(before.etag);
    expect(after.spec?.scaling?.idleTimeout).toMatchObject(seconds(3));
    await untilPods("live", 2);
    const pids = await Promise.all(Array.from({ length: 50 }, () => call("live", "pid")));
    expect(pids).toContain(pid);
    await sleep(5000);
    expect(await activePods("live")).toHaveLength(2);
    await modules.updateModule({
      module: { ...update, spec: spec({ scaling: SHORT }) },
      updateMask: ["spec.scaling"],
    });
    await untilPods("live", 0);
  });

  test("that cannot be are refused by their paths", async () => {
    const scaling = Scaling.create({
      minPods: 5,
      maxPods: 2,
      targetUtilization: 1.5,
      idleTimeout: seconds(0),
    });
    const error = await failure(
      running.stack.connection.modules.createModule({
        moduleId: "wrong",
        module: { spec: spec({ scaling }) },
      }),
    );
    expect([error.code, error.fields]).toEqual([
      "INVALID_ARGUMENT",
      [
        "module.spec.scaling.min_pods",
        "module.spec.scaling.target_utilization",
        "module.spec.scaling.idle_timeout",
      ],
    ]);
  });
});
