import { Quotas } from "@podule/proto/podule/v1/modules.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { QuotaGate } from "./quota-gate.ts";
import { callQuotas } from "./quotas.ts";

const NONE = {
  calls: Number.POSITIVE_INFINITY,
  waitingCalls: 10_000,
  sessions: Number.POSITIVE_INFINITY,
  callsPerCaller: Number.POSITIVE_INFINITY,
  waitingCallsPerCaller: Number.POSITIVE_INFINITY,
  sessionsPerCaller: Number.POSITIVE_INFINITY,
};

describe("quotas", () => {
  test("of the module go before the manager's, field by field", () => {
    expect(callQuotas(undefined, NONE)).toBe(NONE);
    const quotas = Quotas.create({ maxCalls: 7, maxSessionsPerCaller: 2 });
    expect(callQuotas(quotas, NONE)).toEqual({ ...NONE, calls: 7, sessionsPerCaller: 2 });
  });

  test("are never exceeded, and what has ended makes room, whoever's it was", () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ enter: fc.constantFrom("a", "b", "c") }),
        fc.record({ leave: fc.nat(20), times: fc.integer({ min: 1, max: 2 }) }),
      ),
    );
    fc.assert(
      fc.property(steps, (list) => {
        const gate = new QuotaGate({ ...NONE, calls: 5, callsPerCaller: 2 });
        let inside: { caller: string; leave: () => void }[] = [];
        for (const step of list) {
          if ("enter" in step) {
            const caller = step.enter;
            const own = inside.filter((one) => one.caller === caller).length;
            const entered = gate.enter("call", () => caller);
            if (inside.length >= 5) expect(entered).toEqual({ quota: "max_calls", limit: 5, used: 5 });
            else if (own >= 2)
              expect(entered).toEqual({ quota: "max_calls_per_caller", limit: 2, used: 2, caller });
            else if (typeof entered === "function") inside.push({ caller, leave: entered });
            else expect(entered).toBeUndefined();
          } else {
            const one = inside[step.leave];
            for (let n = 0; n < step.times; n++) one?.leave();
            inside = inside.filter((kept) => kept !== one);
          }
        }
        for (const { leave } of inside) leave();
        const others = Array.from({ length: 6 }, (_, n) => typeof gate.enter("call", () => `other ${n}`));
        expect(others).toEqual([...Array(5).fill("function"), "object"]);
      }),
    );
  });

  test("change live: what is inside stays, nothing is counted twice", () => {
    const gate = new QuotaGate({ ...NONE, sessions: 2 });
    expect([gate.isOpen("call"), gate.isOpen("session")]).toEqual([true, false]);
    const leave = gate.enter("session", () => "a");
    gate.quotas = { ...NONE, sessionsPerCaller: 1 };
    expect(typeof gate.enter("session", () => "a")).toBe("function");
    expect(gate.enter("session", () => "a")).toMatchObject({ quota: "max_sessions_per_caller", used: 1 });
    if (typeof leave === "function") leave();
    expect(gate.enter("session", () => "a")).toMatchObject({ quota: "max_sessions_per_caller", used: 1 });
  });
});
