import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Module_State, ModuleSpec, Quotas, Scaling } from "@podule/proto/podule/v1/modules.ts";
import { Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { Metadata } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findUv } from "../environments/testing/find-uv.ts";
import { failureOf } from "../testing/failure-of.ts";
import { startManager } from "../testing/start-manager.ts";
import { until } from "../testing/until.ts";

const CODE = `
import time
time.sleep(1.5)
def nap(seconds):
    time.sleep(seconds)
`;
const IDLE = Scaling.create({ idleTimeout: { seconds: 1n, nanos: 0 } });
const nap = (seconds: number) => ({
  kind: { $case: "float" as const, value: seconds },
  dtype: "",
});

describe.skipIf(findUv() === undefined)("limits of a module's calls", { timeout: 120_000 }, () => {
  let manager: Awaited<ReturnType<typeof startManager>>;
  beforeAll(async () => {
    manager = await startManager({ PODULE_QUEUE_TIMEOUT_MS: "20000" });
  }, 60_000);
  afterAll(async () => {
    await manager.end("SIGTERM");
    manager.remove();
  });

  async function create(id: string, fields: Partial<ModuleSpec>): Promise<void> {
    const path = join(manager.runDir, "..", `${id}.py`);
    writeFileSync(path, CODE);
    const spec = ModuleSpec.create({ path, ...fields });
    await manager.modules.createModule({ moduleId: id, module: { spec } });
  }
  const call = (module: string, seconds: number, subject = "anna") =>
    manager.calls.call(
      { module, function: "nap", args: [nap(seconds)] },
      { metadata: Metadata({ "x-podule-subject": subject }) },
    );
  const pods = async (module: string) =>
    (await manager.pods.listPods({ filter: `module = "modules/${module}"` })).pods.filter(
      ({ state }) => state === Pod_State.STARTING || state === Pod_State.READY,
    );

  test("a deadline that no start has ever met is refused with the estimate, and the pod is started", async () => {
    await create("sleepy", { scaling: IDLE });
    await call("sleepy", 0);
    const { status } = await manager.modules.getModule({ name: "modules/sleepy" });
    expect(status?.startTimes).toHaveLength(1);
    expect(Number(status?.startTimes[0]?.seconds)).toBeGreaterThanOrEqual(1);
    await until(async () => (await pods("sleepy")).length === 0, 30_000);
    const failure = await failureOf((options) =>
      manager.calls.call(
        { module: "sleepy", function: "nap", args: [nap(0)] },
        { ...options, metadata: Metadata({ "grpc-timeout": "900m" }) },
      ),
    );
    expect(failure).toMatchObject({ code: "DEADLINE_EXCEEDED", reason: "DEADLINE_TOO_SHORT" });
    expect(Number(failure.metadata["least_ms"])).toBeGreaterThan(1000);
    expect(failure.retryMs).toBeGreaterThan(1000);
    await until(async () => (await pods("sleepy")).some(({ state }) => state === Pod_State.READY), 30_000);
  });

  test("callers take turns while calls wait", async () => {
    await create("shared", { scaling: IDLE });
    const order: string[] = [];
    const submit = (subject: string, count: number) =>
      Array.from({ length: count }, () => call("shared", 0.01, subject).then(() => order.push(subject)));
    const many = submit("anna", 60);
    await until(async () => (await pods("shared")).length === 1);
    await Promise.all([...many, ...submit("ben", 5)]);
    // Without turns, all of anna's would come first.
    expect(order.lastIndexOf("ben")).toBeLessThan(30);
  });

  test("quotas are kept, typed with limit and use, and changed live", async () => {
    await create("metered", { quotas: Quotas.create({ maxCallsPerCaller: 2, maxCalls: 3 }) });
    const running = [call("metered", 4), call("metered", 4)];
    await until(async () => (await pods("metered"))[0]?.callsInFlight === 2, 60_000);
    const own = await failureOf((options) =>
      manager.calls.call(
        { module: "metered", function: "nap", args: [nap(0)] },
        { ...options, metadata: Metadata({ "x-podule-subject": "anna" }) },
      ),
    );
    expect(own).toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      reason: "QUOTA_EXCEEDED",
      metadata: { module: "metered", quota: "max_calls_per_caller", limit: "2", used: "2" },
      quota: [
        {
          subject: "modules/metered for subject anna",
          description: "max_calls_per_caller is 2, and 2 are in use",
        },
      ],
    });
    running.push(call("metered", 0, "ben"));
    const all = await failureOf((options) =>
      manager.calls.call(
        { module: "metered", function: "nap", args: [nap(0)] },
        { ...options, metadata: Metadata({ "x-podule-subject": "carl" }) },
      ),
    );
    expect(all.metadata).toMatchObject({ quota: "max_calls", limit: "3", used: "3" });
    const updated = await manager.modules.updateModule({
      module: { name: "modules/metered", spec: { quotas: Quotas.create({ maxCallsPerCaller: 3 }) } },
      updateMask: ["spec.quotas"],
    });
    expect(updated).toMatchObject({ generation: 1n, status: { state: Module_State.READY } });
    running.push(call("metered", 0));
    await Promise.all(running);
    // What has ended has made room.
    await Promise.all([call("metered", 0), call("metered", 0), call("metered", 0)]);
  });

  test("a quota of memory bounds the pods; one that holds none is refused", async () => {
    const scaling = Scaling.create({ minPods: 3, maxPods: 3 });
    const quotas = Quotas.create({ maxMemory: "300Mi" });
    await create("small", { scaling, quotas, libMemSizeReq: "200Mi" });
    await call("small", 0);
    const { status } = await manager.modules.getModule({ name: "modules/small" });
    expect(status?.scaling?.wantedPods).toBe(1);
    const failure = await failureOf((options) =>
      manager.modules.updateModule(
        {
          module: { name: "modules/small", spec: { quotas: Quotas.create({ maxMemory: "100Mi" }) } },
          updateMask: ["spec.quotas"],
        },
        options,
      ),
    );
    expect([failure.code, failure.reason]).toEqual(["INVALID_ARGUMENT", "INVALID_FIELD"]);
  });
});

describe.skipIf(findUv() === undefined)("the time that a call may wait", { timeout: 60_000 }, () => {
  test("is bounded", async () => {
    const manager = await startManager({ PODULE_QUEUE_TIMEOUT_MS: "300" });
    const path = join(manager.runDir, "..", "late.py");
    writeFileSync(path, "import time\ntime.sleep(10)\n");
    await manager.modules.createModule({ moduleId: "late", module: { spec: { path } } });
    const failure = await failureOf((options) =>
      manager.calls.call({ module: "late", function: "nap" }, options),
    );
    expect(failure).toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      reason: "QUEUE_TIMEOUT",
      metadata: { module: "late", waited_ms: "300" },
    });
    expect(failure.retryMs).toBeGreaterThan(0);
    await manager.end("SIGKILL");
    manager.remove();
  });
});
