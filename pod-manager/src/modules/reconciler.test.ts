import { statusError } from "@podule/grpc";
import { type Module, Module_State, ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import { Pod_State } from "@podule/proto/podule/v1/pods.ts";
import fc from "fast-check";
import { Status } from "nice-grpc";
import { describe, expect, it, vi } from "vitest";
import { withStatus } from "./module-status.ts";
import { newModule, withSpec } from "./new-module.ts";
import { createReconciler } from "./reconciler.ts";
import { createRegistry } from "./registry.ts";
import type { Sources } from "./sources.ts";
import { createFakeEnvironments } from "./testing/fake-environments.ts";
import { createFakePods } from "./testing/fake-pods.ts";
import { onePod, type PodScale } from "./wanted-pods.ts";

const noSources: Sources = {
  check: async () => {},
  copy: async () => "",
  digestOf: async () => undefined,
  folderOf: async () => undefined,
  prune: async () => {},
  retain: async () => {},
};

/** A reconciler over doubles that fail when told to, under a clock that only moves when told to. */
function world(scale: PodScale = onePod) {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
  const registry = createRegistry((error) => {
    throw error;
  });
  const pods = createFakePods();
  const trouble: { next: Status | undefined } = { next: undefined };
  const { environments, resolved } = createFakeEnvironments({
    outcome: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      if (trouble.next !== undefined) throw statusError(trouble.next, "TEST", "it was made to fail");
    },
  });
  const logged: string[] = [];
  const reconciler = createReconciler({
    registry,
    pods: pods.backend,
    environments,
    sources: noSources,
    log: (line) => logged.push(line),
    starts: 4,
    scale,
    onStatus: () => {},
    remove: async (module) => registry.remove(module.name.slice("modules/".length)),
  });
  reconciler.start();
  const get = () => registry.get("m");
  return {
    registry,
    pods,
    trouble,
    resolved,
    logged,
    reconciler,
    get,
    make(): Module {
      const module = newModule(
        "m",
        `uid-${registry.get("m")?.uid ?? Math.random()}`,
        ModuleSpec.create(),
        new Date(),
      );
      registry.add(module);
      reconciler.enqueue("m");
      return module;
    },
    update(): void {
      const module = get();
      if (module === undefined || module.status?.state === Module_State.DRAINING) return;
      const updated = withSpec(module, ModuleSpec.create({ python: `${module.generation}` }), new Date());
      registry.replace(updated);
      reconciler.refresh(updated);
      reconciler.enqueue("m");
    },
    remove(): void {
      const module = get();
      if (module === undefined) return;
      registry.replace(withStatus(module, { state: Module_State.DRAINING }, new Date()));
      reconciler.enqueue("m");
    },
    /** Lets everything that can go on now go on. */
    async settle(): Promise<void> {
      for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve));
    },
    async pass(ms: number): Promise<void> {
      await vi.advanceTimersByTimeAsync(ms);
      await this.settle();
    },
    readyAll(): void {
      for (const { name } of pods.active()) pods.ready(name);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await reconciler.close();
      vi.useRealTimers();
    },
  };
}

/** Wants what it is told to; the latest pods are worth most. */
function scripted(wanted: number) {
  const listeners = new Set<(id: string) => void>();
  let now = wanted;
  return {
    wantedPods: () => ({ wanted: now, reason: "test", at: 0 }),
    order: (pods) => [...pods].reverse(),
    forget() {},
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    want(pods: number) {
      now = pods;
      for (const listener of listeners) listener("m");
    },
  } satisfies PodScale & { want(pods: number): void };
}

const states = (module: Module | undefined) => module?.status?.transitions.map(({ state }) => state);

describe("the reconciler", () => {
  it("brings a module from its spec to a ready pod", async () => {
    await using one = world();
    one.make();
    await one.settle();
    expect(one.get()?.status).toMatchObject({ state: Module_State.STARTING, pods: ["pods/m-1"] });
    one.pods.ready("pods/m-1");
    await one.settle();
    expect(states(one.get())).toEqual([
      Module_State.RESOLVING,
      Module_State.INSTALLING,
      Module_State.STARTING,
      Module_State.READY,
    ]);
  });

  it("keeps the old pod answering until the new one is ready", async () => {
    await using one = world();
    one.make();
    await one.settle();
    one.readyAll();
    await one.settle();
    one.update();
    await one.settle();
    const state = (name: string) => one.pods.backend.getPod(name)?.state;
    expect([state("pods/m-1"), state("pods/m-2")]).toEqual([Pod_State.READY, Pod_State.STARTING]);
    one.pods.ready("pods/m-2");
    await one.settle();
    expect([state("pods/m-1"), state("pods/m-2")]).toEqual([Pod_State.SUCCEEDED, Pod_State.READY]);
    expect(one.get()?.status).toMatchObject({
      state: Module_State.READY,
      observedGeneration: 2n,
      pods: ["pods/m-2"],
    });
  });

  it("says FAILED of an update that does not work, and leaves the old pod answering; a good update recovers", async () => {
    await using one = world();
    one.make();
    await one.settle();
    one.readyAll();
    await one.settle();
    one.trouble.next = Status.FAILED_PRECONDITION;
    one.update();
    await one.settle();
    expect(one.get()?.status).toMatchObject({
      state: Module_State.FAILED,
      error: { message: "it was made to fail" },
    });
    expect(one.get()?.status?.pods).toEqual(["pods/m-1"]);
    await one.pass(600_000);
    expect(one.pods.backend.getPod("pods/m-1")?.state).toBe(Pod_State.READY);
    one.trouble.next = undefined;
    one.update();
    await one.settle();
    one.readyAll();
    await one.settle();
    expect(one.get()?.status).toMatchObject({ state: Module_State.READY, pods: ["pods/m-2"] });
    expect(one.get()?.status?.error).toBeUndefined();
  });

  it("does not ask again what the resolver has answered, until a call comes after a while", async () => {
    await using one = world();
    one.trouble.next = Status.FAILED_PRECONDITION;
    one.make();
    await one.settle();
    await one.pass(10_000);
    one.reconciler.wantedByCall("m");
    await one.pass(600_000);
    expect(one.resolved).toHaveLength(1);
    expect(one.get()?.status?.state).toBe(Module_State.FAILED);
    one.trouble.next = undefined;
    one.reconciler.wantedByCall("m");
    expect(one.get()?.status?.state).toBe(Module_State.RESOLVING);
    await one.settle();
    expect(one.resolved).toHaveLength(2);
    expect(one.resolved[1]?.fresh).toBe(true);
    expect(one.get()?.status?.state).toBe(Module_State.STARTING);
  });

  it("tries a network or a disk that failed again, each time later", async () => {
    await using one = world();
    one.trouble.next = Status.UNAVAILABLE;
    one.make();
    await one.settle();
    expect(one.get()?.status?.state).toBe(Module_State.FAILED);
    expect(one.get()?.status?.error?.details.some(({ typeUrl }) => typeUrl.endsWith("RetryInfo"))).toBe(true);
    const counts: number[] = [];
    for (let second = 0; second < 8; second++) {
      await one.pass(1000);
      counts.push(one.resolved.length);
    }
    expect(counts).toEqual([2, 2, 3, 3, 3, 3, 4, 4]);
    one.trouble.next = undefined;
    await one.pass(60_000);
    one.readyAll();
    await one.settle();
    expect(one.get()?.status?.state).toBe(Module_State.READY);
  });

  it("replaces a pod that died at once, and shows a crash loop that slows down", async () => {
    await using one = world();
    one.make();
    await one.settle();
    const crash = async () => {
      one.readyAll();
      await one.settle();
      for (const { name } of one.pods.active()) one.pods.fail(name);
      await one.settle();
    };
    await crash();
    expect(one.get()?.status?.state).toBe(Module_State.STARTING);
    await crash();
    expect(one.get()?.status).toMatchObject({ state: Module_State.FAILED, error: { code: Status.ABORTED } });
    expect(one.get()?.status?.transitions.at(-1)?.message).toMatch(
      /^Failure 2, tried again after 1 s: .* was made to fail/,
    );
    await one.pass(1000);
    await crash();
    await one.pass(1000);
    expect(one.get()?.status?.state).toBe(Module_State.FAILED);
    await one.pass(1000);
    expect(one.get()?.status?.state).toBe(Module_State.STARTING);
    one.readyAll();
    await one.pass(120_000);
    await crash();
    expect(one.get()?.status?.state).toBe(Module_State.STARTING);
  });

  it("shows why a pod does not start, and does not try again what raises", async () => {
    await using one = world();
    one.make();
    await one.settle();
    one.pods.fail("pods/m-1", Status.FAILED_PRECONDITION, "IMPORT_FAILED");
    await one.pass(600_000);
    expect(one.get()?.status).toMatchObject({ state: Module_State.FAILED, pods: [] });
    expect(one.pods.backend.listPods()).toHaveLength(1);
    one.update();
    await one.settle();
    expect(one.get()?.status?.state).toBe(Module_State.STARTING);
  });

  it("tries again to start a pod that was killed before it was ready", async () => {
    await using one = world();
    one.make();
    await one.settle();
    one.pods.fail("pods/m-1", Status.FAILED_PRECONDITION, "POD_NOT_STARTED");
    await one.settle();
    expect(one.get()?.status?.state).toBe(Module_State.FAILED);
    await one.pass(1000);
    expect(one.get()?.status).toMatchObject({ state: Module_State.STARTING, pods: ["pods/m-2"] });
  });

  it("lets running calls end before a deleted module goes, and starts no more pods", async () => {
    await using one = world();
    one.make();
    await one.settle();
    one.readyAll();
    one.pods.hold();
    one.remove();
    await one.pass(10_000);
    expect(one.get()?.status).toMatchObject({ state: Module_State.DRAINING, pods: ["pods/m-1"] });
    one.pods.release();
    await one.settle();
    expect(one.get()).toBeUndefined();
    one.make();
    await one.settle();
    one.readyAll();
    await one.settle();
    expect(one.get()?.status).toMatchObject({ state: Module_State.READY, pods: ["pods/m-2"] });
  });

  it("goes to zero only once it was ready, says so, and starts a pod again when one is wanted", async () => {
    const scale = scripted(0);
    await using one = world(scale);
    one.make();
    await one.settle();
    expect(one.pods.active()).toHaveLength(1);
    expect(one.get()?.status).toMatchObject({ state: Module_State.STARTING, scaling: { wantedPods: 1 } });
    one.readyAll();
    await one.settle();
    const idle = one.get()?.status;
    expect(idle).toMatchObject({
      state: Module_State.READY,
      pods: [],
      scaling: { wantedPods: 0, reason: "test" },
    });
    expect(idle?.transitions.at(-1)?.message).toBe("Idle: scaled to zero");
    await one.pass(60_000);
    expect(one.get()?.status).toEqual(idle);
    scale.want(1);
    await one.settle();
    expect(one.get()?.status?.state).toBe(Module_State.STARTING);
    one.readyAll();
    await one.settle();
    expect(one.get()?.status).toMatchObject({ state: Module_State.READY, pods: ["pods/m-2"] });
    scale.want(0);
    await one.settle();
    one.update();
    await one.settle();
    expect(one.pods.active()).toMatchObject([{ generation: 2n }]);
  });

  it("stays ready while more pods start or fail, and drains those that are worth least", async () => {
    const scale = scripted(3);
    await using one = world(scale);
    one.make();
    await one.settle();
    expect(one.pods.active()).toHaveLength(3);
    one.pods.ready("pods/m-1");
    await one.settle();
    expect(one.get()?.status?.state).toBe(Module_State.READY);
    one.pods.fail("pods/m-2", Status.FAILED_PRECONDITION, "POD_NOT_STARTED");
    await one.settle();
    expect(one.get()?.status?.state).toBe(Module_State.READY);
    await one.pass(2000);
    one.readyAll();
    await one.settle();
    expect(one.pods.active().map(({ name }) => name)).toEqual(["pods/m-1", "pods/m-3", "pods/m-4"]);
    scale.want(1);
    await one.settle();
    expect(one.pods.active().map(({ name }) => name)).toEqual(["pods/m-4"]);
    expect(one.get()?.status?.state).toBe(Module_State.READY);
  });

  it("starts no more than a few pods at once, those that calls wait for first", async () => {
    await using one = world();
    const ids = Array.from({ length: 50 }, (_, index) => `m${index}`);
    for (const id of ids) {
      one.registry.add(newModule(id, id, ModuleSpec.create(), new Date()));
      one.reconciler.enqueue(id);
    }
    await one.settle();
    one.reconciler.wantedByCall("m49");
    const starting = () => one.pods.active().filter(({ state }) => state === Pod_State.STARTING);
    const order: string[] = [];
    while (starting().length > 0) {
      expect(starting().length).toBeLessThanOrEqual(4);
      const [first] = starting();
      order.push(first?.module ?? "");
      one.pods.ready(first?.name ?? "");
      await one.settle();
    }
    expect(order).toHaveLength(50);
    expect(order.indexOf("modules/m49")).toBe(4);
  });

  it("converges, whatever happens in whatever order", { timeout: 120_000 }, async () => {
    const action = fc.constantFrom(
      ...([
        "update",
        "die",
        "start fails",
        "no",
        "trouble",
        "calm",
        "ready",
        "drained",
        "delete",
        "forget",
        "call",
      ] as const),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(action, fc.constantFrom(0, 0, 1, 500, 40_000)), { maxLength: 25 }),
        async (actions) => {
          await using one = world();
          one.make();
          for (const [what, ms] of actions) {
            const [first] = one.pods.active();
            if (what === "update") one.update();
            if (what === "die" && first !== undefined) one.pods.fail(first.name);
            if (what === "start fails" && first !== undefined)
              one.pods.fail(first.name, Status.NOT_FOUND, "MODULE_NOT_FOUND");
            if (what === "no") one.trouble.next = Status.FAILED_PRECONDITION;
            if (what === "trouble") one.trouble.next = Status.UNAVAILABLE;
            if (what === "calm") one.trouble.next = undefined;
            if (what === "ready") one.readyAll();
            if (what === "drained" && first !== undefined) await one.pods.backend.drainPod(first.name);
            if (what === "delete") one.remove();
            if (what === "forget") one.pods.forgetEnded();
            if (what === "call") one.reconciler.wantedByCall("m");
            const before = one.pods.active().filter(({ state }) => state === Pod_State.READY).length;
            await one.pass(ms);
            if (one.get() === undefined) one.make();
            expect(
              one.pods.active().filter(({ state }) => state === Pod_State.STARTING).length,
            ).toBeLessThanOrEqual(1);
            // Nobody but a death or a drain takes the last pod that answers.
            const deleting = what === "delete" || what === "update";
            if (before > 0 && !deleting) expect(one.pods.active().length).toBeGreaterThan(0);
            expect(one.get()?.status?.transitions.length).toBeLessThanOrEqual(32);
          }
          one.trouble.next = undefined;
          await one.pass(60_000);
          if (one.get()?.status?.state === Module_State.FAILED) {
            const answer = one.get()?.status?.error?.code;
            expect([Status.FAILED_PRECONDITION, Status.NOT_FOUND]).toContain(answer);
            await one.pass(60_000);
            one.reconciler.wantedByCall("m");
          }
          for (let round = 0; round < 4; round++) {
            await one.pass(60_000);
            one.readyAll();
          }
          await one.settle();
          expect(one.get()?.status?.state).toBe(Module_State.READY);
          expect(one.pods.active()).toHaveLength(1);
          expect(one.pods.active()[0]?.generation).toBe(one.get()?.generation);
          expect(one.get()?.status?.pods).toEqual(one.pods.active().map(({ name }) => name));
          expect(one.logged).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });
});
