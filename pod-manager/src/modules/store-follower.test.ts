import { type Module, Module_State as State } from "@podule/proto/podule/v1/modules.ts";
import { expect, test } from "vitest";
import type { ModuleEvent } from "./module-directory.ts";
import { emptySpec } from "./module-spec.ts";
import { withStatus } from "./module-status.ts";
import { newModule } from "./new-module.ts";
import { createRegistry } from "./registry.ts";
import { createStoreFollower } from "./store-follower.ts";

const NOW = new Date(1e12);

function made(uid: string, state: State = State.RESOLVING): Module {
  return withStatus(newModule("numpy", uid, emptySpec(), NOW), { state }, NOW);
}

function follow(leads: boolean) {
  const registry = createRegistry((error) => {
    throw error;
  });
  const told: string[] = [];
  registry.watch(({ type, module }: ModuleEvent) => told.push(`${type} ${module.uid}`));
  const enqueued: string[] = [];
  const refreshed: bigint[] = [];
  const event = createStoreFollower({
    registry,
    leads: () => leads,
    now: () => NOW,
    reconciler: {
      enqueue: (id) => void enqueued.push(id),
      refresh: ({ generation }) => void refreshed.push(generation),
    },
  });
  return { registry, told, enqueued, refreshed, event, state: () => registry.get("numpy")?.status?.state };
}

test("a follower has what the store has", () => {
  const { event, told, enqueued, state } = follow(false);
  event({ type: "PUT", module: made("1") });
  event({ type: "PUT", module: made("1", State.READY) });
  expect(state()).toBe(State.READY);
  event({ type: "PUT", module: made("2") });
  event({ type: "REMOVED", id: "numpy" });
  event({ type: "REMOVED", id: "numpy" });
  expect(told).toEqual(["ADDED 1", "MODIFIED 1", "DELETED 1", "ADDED 2", "DELETED 2"]);
  expect(enqueued).toHaveLength(4);
});

test("a leader's own status is ahead of the store's, until the spec changes or the module is deleted", () => {
  const { event, registry, state } = follow(true);
  event({ type: "PUT", module: made("1") });
  registry.replace(made("1", State.READY));
  event({ type: "PUT", module: made("1", State.STARTING) });
  expect(state()).toBe(State.READY);
  event({ type: "PUT", module: { ...made("1", State.READY), generation: 2n } });
  expect(state()).toBe(State.RESOLVING);
  expect(registry.get("numpy")?.status?.transitions.at(-1)?.message).toBe("Generation 2");
  event({ type: "PUT", module: { ...made("1", State.DRAINING), generation: 2n } });
  expect(state()).toBe(State.DRAINING);
});

test("a module that a call waits for becomes the one that the store made, and is not taken for another", () => {
  const { event, registry, told } = follow(false);
  registry.add(made(""));
  event({ type: "REMOVED", id: "numpy" });
  event({ type: "PUT", module: made("7") });
  expect(told).toEqual(["ADDED ", "MODIFIED 7"]);
});

test("another refresh of the same module has it resolved anew, the first sight of one has not", () => {
  const { event, refreshed } = follow(true);
  event({ type: "PUT", module: made("1"), refresh: "a" });
  event({ type: "PUT", module: made("1"), refresh: "a" });
  event({ type: "PUT", module: made("1") });
  expect(refreshed).toEqual([]);
  event({ type: "PUT", module: { ...made("1"), generation: 2n }, refresh: "b" });
  expect(refreshed).toEqual([2n]);
});
