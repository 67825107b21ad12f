import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameLog, WINDOW_BYTES } from "./frame-log.ts";

/** One end: what it has sent into the present stream and the other has not yet taken out of it. */
class End {
  readonly log = new FrameLog<number>();
  readonly arrived: number[] = [];
  pipe: number[] = [];
  next = 0;

  send(): void {
    const frame = this.next++;
    this.log.send(frame, 10);
    this.pipe.push(frame);
  }

  /** Takes the first `count` frames that the other end has sent, and sometimes confirms them. */
  take(other: End, count: number, confirm: boolean): void {
    for (const frame of other.pipe.splice(0, count)) {
      this.arrived.push(frame);
      this.log.receive();
    }
    if (confirm) expect(other.log.acknowledge(this.log.received)).toBe(true);
  }
}

/** The stream is lost with everything on its way; a new one begins. */
function reopen(a: End, b: End): void {
  for (const [end, other] of [
    [a, b],
    [b, a],
  ] as const) {
    expect(end.log.acknowledge(other.log.received)).toBe(true);
    end.pipe = [...end.log.unacknowledged()];
  }
}

const step = fc.oneof(
  fc.record({ kind: fc.constant("send" as const), end: fc.nat(1) }),
  fc.record({
    kind: fc.constant("take" as const),
    end: fc.nat(1),
    count: fc.nat(5),
    confirm: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("lose" as const) }),
);

test("whatever is lost on the way, every frame arrives exactly once and in order", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const [a, b] = [new End(), new End()];
      for (const action of steps) {
        if (action.kind === "lose") {
          reopen(a, b);
          continue;
        }
        const [end, other] = action.end === 0 ? [a, b] : [b, a];
        if (action.kind === "send") end.send();
        else end.take(other, action.count, action.confirm);
      }
      reopen(a, b);
      a.take(b, b.pipe.length, true);
      b.take(a, a.pipe.length, true);
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        expect(to.arrived).toEqual([...Array(from.next).keys()]);
        expect(from.log.keptBytes).toBe(0);
        expect([...from.log.unacknowledged()]).toEqual([]);
      }
    }),
    { numRuns: 500 },
  );
});

test("a count beyond what was sent is refused and changes nothing", () => {
  const log = new FrameLog<string>();
  log.send("a", 1);
  expect(log.acknowledge(2)).toBe(false);
  expect([...log.unacknowledged()]).toEqual(["a"]);
});

test("an older count changes nothing", () => {
  const log = new FrameLog<string>();
  log.send("a", 1);
  log.send("b", 1);
  expect(log.acknowledge(2)).toBe(true);
  expect(log.acknowledge(1)).toBe(true);
  expect(log.keptBytes).toBe(0);
});

test("the window closes at its bound and opens with acknowledgements", () => {
  const log = new FrameLog<number>();
  for (let i = 0; log.open; i++) log.send(i, 1024 * 1024);
  expect(log.keptBytes).toBe(WINDOW_BYTES);
  log.acknowledge(1);
  expect(log.open).toBe(true);
});

test("what is acknowledged is not kept", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = runInNewContext("gc");
  const log = new FrameLog<object>();
  const sent = Array.from({ length: 60 }, () => {
    const frame = {};
    log.send(frame, 1);
    return new WeakRef(frame);
  });
  log.acknowledge(59);
  await nextTurn();
  collectGarbage();
  expect(sent.filter((frame) => frame.deref() !== undefined)).toHaveLength(1);
  expect(log.keptBytes).toBe(1);
});
