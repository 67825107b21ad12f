import { Module, Module_State } from "@podule/proto/podule/v1/modules.ts";
import { describe, expect, it } from "vitest";
import { withStatus } from "./module-status.ts";

const at = (ms: number) => new Date(ms);

describe("withStatus", () => {
  it("adds a transition for a new state, not for the same again", () => {
    const first = withStatus(Module.create(), { state: Module_State.RESOLVING }, at(1500));
    expect(first.status?.transitions).toEqual([
      { state: Module_State.RESOLVING, time: { seconds: 1n, nanos: 500_000_000 }, message: "" },
    ]);
    expect(withStatus(first, { state: Module_State.RESOLVING }, at(2000))).toBe(first);
  });

  it("keeps the latest 32 transitions", () => {
    let module = Module.create();
    for (let index = 0; index < 100; index++)
      module = withStatus(module, { state: Module_State.FAILED, message: `${index}` }, at(index));
    expect(module.status?.transitions.map(({ message }) => message)).toEqual(
      Array.from({ length: 32 }, (_, index) => `${index + 68}`),
    );
  });

  it("forgets the error with the failure", () => {
    const error = { code: 9, message: "no", details: [] };
    const failed = withStatus(Module.create(), { state: Module_State.FAILED, error }, at(1));
    expect(failed.status?.error).toBe(error);
    expect(withStatus(failed, { state: Module_State.STARTING }, at(2)).status?.error).toBeUndefined();
  });
});
