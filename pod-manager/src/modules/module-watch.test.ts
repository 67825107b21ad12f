import { Module, WatchModulesResponse_Type as Type } from "@podule/proto/podule/v1/modules.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { watchModules } from "./module-watch.ts";
import { createRegistry } from "./registry.ts";

const registryOf = () =>
  createRegistry((error) => {
    throw error;
  });
const module = (id: string, uid: string, etag = "") => Module.create({ name: `modules/${id}`, uid, etag });

describe("watchModules", () => {
  it("leads every reader, however slow, to what is there, by legal steps", async () => {
    const change = fc.record({
      id: fc.constantFrom("a", "b", "c"),
      what: fc.constantFrom("add" as const, "replace" as const, "remove" as const),
      read: fc.nat({ max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change), async (changes) => {
        const registry = registryOf();
        const stop = new AbortController();
        const view = new Map<string, Module>();
        const matches = ({ etag }: Module) => etag !== "hidden";
        const events = watchModules(registry, matches, stop.signal);
        let synced = false;
        const read = async () => {
          const { value } = await events.next();
          if (value === undefined) throw new Error("ended");
          if (value.type === Type.SYNCED) synced = true;
          if (value.module === undefined) return;
          const { name } = value.module;
          expect(view.has(name)).toBe(value.type !== Type.ADDED);
          if (value.type === Type.DELETED) view.delete(name);
          else view.set(name, value.module);
        };
        let serial = 0;
        for (const { id, what, read: count } of changes) {
          const there = registry.get(id);
          if (what === "remove") registry.remove(id);
          else if (there === undefined) registry.add(module(id, `${++serial}`));
          else registry.replace({ ...there, etag: serial++ % 3 === 0 ? "hidden" : `${serial}` });
          for (let index = 0; index < count && !(synced && isCurrent()); index++) await read();
        }
        while (!synced || !isCurrent()) await read();
        stop.abort(new Error("enough"));
        await expect(events.next()).rejects.toThrow("enough");

        function isCurrent(): boolean {
          const wanted = [...registry.all()].filter(matches);
          return wanted.length === view.size && wanted.every((one) => view.get(one.name) === one);
        }
      }),
    );
  });

  it("holds one entry a module for a reader that does not read", async () => {
    const registry = registryOf();
    const stop = new AbortController();
    registry.add(module("a", "1"));
    const events = watchModules(registry, () => true, stop.signal);
    expect((await events.next()).value?.type).toBe(Type.ADDED);
    expect((await events.next()).value?.type).toBe(Type.SYNCED);
    for (let index = 0; index < 100_000; index++) registry.replace(module("a", "1", `${index}`));
    const { value } = await events.next();
    expect(value?.module?.etag).toBe("99999");
    const rest = events.next();
    stop.abort(new Error("enough"));
    await expect(rest).rejects.toThrow("enough");
  });
});
