import { type Module, ModuleSpec, Scaling } from "@podule/proto/podule/v1/modules.ts";
import { Pod } from "@podule/proto/podule/v1/pods.ts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { newModule } from "../modules/new-module.ts";
import { createFakePods } from "../modules/testing/fake-pods.ts";
import type { PodLoad } from "../pods/pod-backend.ts";
import { createScaler, type Scaler } from "./scaler.ts";

const seconds = (amount: number) => ({ seconds: BigInt(amount), nanos: 0 });
const scaling = Scaling.create({ maxPods: 4, idleTimeout: seconds(10), stableWindow: seconds(5) });

describe("the scaler", () => {
  const told = new Map<string, PodLoad>();
  const listeners = new Set<(event: { readonly module: string }) => void>();
  const load = {
    id: "m",
    waiting: 0,
    links: [] as { name: string; usable: boolean; inFlight: number; sessions: number }[],
  };
  let scaler: Scaler;
  let changes: string[];
  let module: Module;
  const wanted = () => scaler.wantedPods(module).wanted;
  const link = (name: string) => ({ name, usable: true, inFlight: 0, sessions: 0 });
  const pass = (ms: number) => vi.advanceTimersByTime(ms);

  beforeEach(() => {
    vi.useFakeTimers();
    told.clear();
    load.waiting = 0;
    load.links = [link("pods/m-1")];
    const pods = {
      ...createFakePods().backend,
      loadOf: (name: string) => told.get(name),
      watchLoads(listener: (event: { readonly module: string }) => void) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    module = newModule("m", "uid", ModuleSpec.create({ scaling }), new Date());
    scaler = createScaler({ pods });
    changes = [];
    scaler.watch((id) => changes.push(`${id} ${wanted()}`));
    wanted();
    scaler.onLoad(load);
  });
  afterEach(() => {
    scaler.close();
    expect(listeners.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it("goes to zero when nothing is called, and back at the first call, in its turn", () => {
    pass(9000);
    expect(wanted()).toBe(1);
    pass(3000);
    expect(changes).toEqual(["m 0"]);
    load.links = [];
    pass(60_000);
    load.waiting = 1;
    scaler.onLoad(load);
    expect(changes).toEqual(["m 0", "m 1"]);
  });

  it("looks at a load that is too much within a moment, not at each of its calls", () => {
    load.waiting = 40;
    for (let call = 0; call < 40; call++) scaler.onLoad(load);
    pass(250);
    expect(changes).toEqual(["m 4"]);
  });

  it("counts the calls of sessions, as the pod tells them, and never lets a pod with sessions go", () => {
    told.set("pods/m-1", { calls: 9, sessions: 3 });
    for (const listener of listeners) listener({ module: "m" });
    pass(250);
    expect(wanted()).toBe(4);
    told.set("pods/m-1", { calls: 0, sessions: 1 });
    pass(120_000);
    expect(wanted()).toBe(1);
    told.set("pods/m-1", { calls: 0, sessions: 0 });
    pass(12_000);
    expect(wanted()).toBe(0);
  });

  it("lets a pod go whose sessions had no call for the lease timeout, however short their calls are", () => {
    const leases = { ...scaling, leaseTimeout: seconds(20) };
    module = { ...module, spec: ModuleSpec.create({ scaling: leases }) };
    wanted();
    for (let time = 0; time < 60; time += 10) {
      // A call that is over again when the pod tells of it.
      told.set("pods/m-1", { calls: 0, sessions: 1 });
      for (const listener of listeners) listener({ module: "m" });
      pass(10_000);
      expect(wanted()).toBe(1);
    }
    pass(19_000);
    expect(wanted()).toBe(1);
    pass(4000);
    expect(wanted()).toBe(0);
  });

  it("prefers to keep pods with sessions, then those with calls", () => {
    load.links = [link("pods/a"), { ...link("pods/b"), inFlight: 5 }, link("pods/c")];
    told.set("pods/c", { calls: 0, sessions: 1 });
    const own = ["pods/a", "pods/b", "pods/c"].map((name) => Pod.create({ name, module: "modules/m" }));
    expect(scaler.order(own).map(({ name }) => name)).toEqual(["pods/c", "pods/b", "pods/a"]);
  });

  it("takes new settings at once", () => {
    module = { ...module, spec: ModuleSpec.create({ scaling: { ...scaling, minPods: 3 } }) };
    expect(scaler.wantedPods(module)).toMatchObject({ wanted: 3, reason: "min_pods" });
    expect(scaler.workersOf("m")).toBe(1);
    module = { ...module, spec: ModuleSpec.create() };
    expect(wanted()).toBe(1);
    expect(scaler.workersOf("m")).toBeUndefined();
  });

  it("begins anew for a module that was deleted and made again", () => {
    pass(12_000);
    expect(wanted()).toBe(0);
    scaler.forget("m");
    module = newModule("m", "another uid", ModuleSpec.create({ scaling }), new Date());
    expect(wanted()).toBe(1);
  });
});
