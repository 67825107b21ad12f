import { CallRequest } from "@podule/proto/podule/v1/calls.ts";
import type { RoutedCall } from "@podule/session";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Call, type Caller } from "../calls/call.ts";
import { RequestTable } from "./request-table.ts";

const GRACE_MS = 1000;
const EMPTY = Buffer.alloc(0);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const routed = (requestId: string, retry = false): RoutedCall => ({
  module: "",
  session: "",
  resultMode: 0,
  requestId,
  retry,
});
const request = (name: string) =>
  Buffer.from(CallRequest.encode(CallRequest.create({ function: name })).finish());

/** A table whose calls are answered by hand. */
function setup(maxBytes = 1_000_000) {
  const calls: Call[] = [];
  const cancelled: Call[] = [];
  const table = new RequestTable({ graceMs: GRACE_MS, maxBytes, cancel: (call) => cancelled.push(call) });
  const submit = (caller: Caller): Call => {
    const call = new Call(caller, 0, EMPTY, Number.POSITIVE_INFINITY);
    call.linkId = calls.push(call);
    return call;
  };
  const join = (id: string, { name = "f", retry = false, by = submit } = {}) => {
    const told: string[] = [];
    const waiter = {
      result: (response: Buffer) => void told.push(`result ${response.toString()}`),
      error: (status: Buffer) => void told.push(`error ${status.toString("latin1")}`),
    };
    const leave = table.join(routed(id, retry), request(name), waiter, by);
    return { told, leave };
  };
  const answer = (n: number, text: string) => {
    const call = calls[n];
    call?.caller.result(call, Buffer.from(text));
  };
  return { table, calls, cancelled, join, answer };
}

test("one call an id: those who come while it runs wait, those who come later get what is kept", () => {
  const { calls, join, answer, table } = setup();
  const first = join("a");
  const second = join("a", { retry: true });
  expect(calls).toHaveLength(1);
  answer(0, "42");
  const third = join("a");
  for (const { told } of [first, second, third]) expect(told).toEqual(["result 42"]);
  vi.advanceTimersByTime(GRACE_MS - 1);
  expect(join("a").told).toEqual(["result 42"]);
  vi.advanceTimersByTime(2);
  expect([table.size, table.bytes]).toEqual([0, 0]);
  join("a");
  expect(calls).toHaveLength(2);
});

test("what was never started is no call of the id", () => {
  const { calls, join } = setup();
  const refused = (caller: Caller): Call => {
    const call = new Call(caller, 0, EMPTY, 0);
    caller.error(call, Buffer.from("refused"));
    return call;
  };
  expect(join("a", { by: refused }).told).toEqual(["error refused"]);
  join("a");
  expect(calls).toHaveLength(1);
});

test("`retry` runs nothing", () => {
  const { calls, join } = setup();
  expect(() => join("a", { retry: true })).toThrow("known here");
  expect(calls).toHaveLength(0);
});

test("an id for another function, and one that is too long, are refused", () => {
  const { join } = setup();
  join("a", { name: "f" });
  expect(() => join("a", { name: "g" })).toThrow('a call of "f"');
  expect(() => join("x".repeat(129))).toThrow("129 characters");
});

test("a call that nobody waits for ends after the grace time, not before", () => {
  const { calls, cancelled, join } = setup();
  const { leave } = join("a");
  leave();
  vi.advanceTimersByTime(GRACE_MS - 1);
  const back = join("a");
  vi.advanceTimersByTime(10 * GRACE_MS);
  expect(cancelled).toEqual([]);
  back.leave();
  vi.advanceTimersByTime(GRACE_MS + 1);
  expect(cancelled).toEqual([calls[0]]);
});

test("beyond the bytes the oldest answers go, and say so; ids stay", () => {
  const { join, answer, table } = setup(4096);
  for (const [n, id] of ["a", "b", "c"].entries()) {
    join(id);
    answer(n, "x".repeat(1100));
  }
  expect(table.bytes).toBeLessThanOrEqual(4096);
  expect(join("a").told[0]).toContain("ANSWER_DROPPED");
  expect(join("c").told[0]).toContain("xxx");
});

test("beyond the bytes that ids alone may take, new ones are refused until old ones are forgotten", () => {
  const { calls, join, answer } = setup(2000);
  join("a");
  join("b");
  join("c");
  expect(() => join("d")).toThrow("as many as it can");
  for (const n of [0, 1, 2]) answer(n, "1");
  expect(join("a").told[0]).toMatch(/result|ANSWER_DROPPED/);
  vi.advanceTimersByTime(GRACE_MS + 1);
  join("d");
  expect(calls).toHaveLength(4);
});

test("whatever happens: one call an id within the grace time, one answer a waiter, never more bytes than allowed", () => {
  const step = fc.record({
    id: fc.constantFrom("a", "b", "c"),
    what: fc.constantFrom("join", "retry", "leave", "answer", "wait"),
    size: fc.nat({ max: 900 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { table, calls, join } = setup(3000);
      const running = new Map<string, number>();
      const finishedAt = new Map<string, number>();
      const waiters: { told: string[]; leave: () => void }[] = [];
      for (const { id, what, size } of steps) {
        if (what === "join" || what === "retry") {
          const before = calls.length;
          try {
            waiters.push(join(id, { retry: what === "retry" }));
          } catch {
            expect(calls).toHaveLength(before);
          }
          if (calls.length > before) {
            expect(what).toBe("join");
            expect(running.has(id)).toBe(false);
            expect(performance.now() - (finishedAt.get(id) ?? -1e9)).toBeGreaterThanOrEqual(GRACE_MS);
            running.set(id, before);
          }
        } else if (what === "leave") {
          waiters.at(-1)?.leave();
        } else if (what === "answer") {
          const call = calls[running.get(id) ?? -1];
          running.delete(id);
          if (call !== undefined) {
            finishedAt.set(id, performance.now());
            call.caller.result(call, Buffer.alloc(size, "x"));
          }
        } else {
          vi.advanceTimersByTime(size);
        }
        expect(table.bytes).toBeLessThanOrEqual(3000);
        for (const { told } of waiters) expect(told.length).toBeLessThanOrEqual(1);
      }
      for (const n of running.values()) {
        const call = calls[n];
        call?.caller.result(call, EMPTY);
      }
      vi.advanceTimersByTime(GRACE_MS + 1);
      expect([table.size, table.bytes]).toEqual([0, 0]);
      table.close();
    }),
  );
});
