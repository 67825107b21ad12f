import { Module } from "@podule/proto/podule/v1/modules.ts";
import { describe, expect, it } from "vitest";
import { createRegistry } from "./registry.ts";

const module = (id: string, uid = "1", etag = "") => Module.create({ name: `modules/${id}`, uid, etag });

describe("the registry", () => {
  it("takes no more than 10,000 modules from calls to made-up names", () => {
    const registry = createRegistry(() => {});
    for (let index = 0; index < 10_000; index++) registry.add(module(`m${index}`));
    expect(() => registry.add(module("more"))).toThrow("10000 modules");
    registry.restore(module("before"));
    expect(registry.get("before")).toBeDefined();
  });

  it("does not replace a module by what was known of an older one of that name", () => {
    const registry = createRegistry(() => {});
    registry.add(module("m", "new"));
    registry.replace(module("m", "old", "stale"));
    expect(registry.get("m")).toMatchObject({ uid: "new", etag: "" });
    registry.remove("m");
    registry.replace(module("m", "new"));
    expect(registry.get("m")).toBeUndefined();
  });

  it("tells every listener, also after one that throws, until it stops", () => {
    const errors: unknown[] = [];
    const heard: string[] = [];
    const registry = createRegistry((error) => errors.push(error));
    registry.watch(() => {
      throw new Error("broken");
    });
    const stop = registry.watch(({ type }) => heard.push(type));
    registry.add(module("m"));
    registry.replace(module("m", "1", "e"));
    registry.remove("m");
    stop();
    registry.add(module("m"));
    expect(heard).toEqual(["ADDED", "MODIFIED", "DELETED"]);
    expect(errors).toHaveLength(4);
  });
});
