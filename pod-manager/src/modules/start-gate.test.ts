import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createStartGate } from "./start-gate.ts";

describe("the start gate", () => {
  it("lets everyone start in the end, never more at once than allowed, those that calls wait for first", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1 })),
        fc.integer({ min: 1, max: 3 }),
        (ids, limit) => {
          const running: string[] = [];
          const started: string[] = [];
          const ask = (id: string) => {
            if (!gate.admit(id)) return;
            started.push(id);
            running.push(id);
            expect(running.length).toBeLessThanOrEqual(limit);
          };
          const gate = createStartGate({ limit, starting: () => running.length, wake: ask });
          for (const id of ids) ask(id);
          const last = ids.at(-1);
          if (last !== undefined) gate.hurry(last);
          while (running.length > 0) {
            running.shift();
            gate.onPodChange();
          }
          expect([...started].sort()).toEqual([...ids].sort());
          if (last !== undefined && ids.length > limit) expect(started.indexOf(last)).toBe(limit);
        },
      ),
    );
  });

  it("is not held up by one that no longer wants to start", () => {
    const woken: string[] = [];
    let starting = 1;
    const gate = createStartGate({ limit: 1, starting: () => starting, wake: (id) => woken.push(id) });
    for (const id of ["a", "b"]) gate.admit(id);
    starting = 0;
    gate.onPodChange();
    gate.onPodChange();
    expect(woken).toEqual(["a", "b"]);
  });

  it("does not wake who has left", () => {
    const woken: string[] = [];
    let starting = 1;
    const gate = createStartGate({ limit: 1, starting: () => starting, wake: (id) => woken.push(id) });
    for (const id of ["a", "b"]) gate.admit(id);
    gate.hurry("a");
    gate.leave("a");
    starting = 0;
    gate.onPodChange();
    expect(woken).toEqual(["b"]);
  });
});
