import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { CuttingProxy } from "../../testing/cutting-proxy.ts";
import { startPod, type TestPod } from "../../testing/pod.ts";
import { bytes, callback, int, object, plainOf, RawSession, responseOf } from "../../testing/session.ts";

vi.setConfig({ testTimeout: 60_000 });
let pod: TestPod;

beforeAll(async () => {
  pod = await startPod();
});
afterAll(async () => await pod[Symbol.asyncDispose]());

const MIB = 1024 * 1024;

/** Opens the session again whenever its stream has ended. */
async function keepOpen(session: RawSession, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    if (session.ended !== undefined) {
      if (session.opened === undefined) throw new Error("The session was never opened");
      session.reopen();
    }
    await sleep(5);
  }
}

/** Cuts at random places, sometimes in the middle of what passes and sometimes while nothing does. */
async function cutAtRandom(proxy: CuttingProxy, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    await sleep(Math.random() * 60);
    if (Math.random() < 0.3) proxy.cut();
    else proxy.cutAfter(Math.floor(Math.random() ** 3 * 4 * MIB));
  }
}

test("whenever its stream is cut, every call is run once and answered once, in order", async () => {
  await using proxy = await CuttingProxy.listen(pod.file("cut"), pod.file("pod"));
  const session: RawSession = new RawSession(proxy.address, {
    resumable: true,
    onFrame(frame) {
      if (frame.kind !== "callback") return;
      session.send({ kind: "callbackResult", id: frame.id, response: responseOf(int(77)), error: undefined });
    },
  });
  const account = session.call({ function: "Account", args: [int(0)] });
  await account.answer;
  const [calm, stop] = [new AbortController(), new AbortController()];
  const cutting = cutAtRandom(proxy, calm.signal);
  const reopening = keepOpen(session, stop.signal);

  let deposits = 0;
  const wrong: unknown[] = [];
  const answers = new Set<Promise<void>>();
  const expectAnswer = (answer: Promise<Buffer>, expected: unknown) => {
    const checked = answer
      .then((response) => {
        const value = plainOf(response);
        const got = Buffer.isBuffer(value) ? value.length : value;
        if (got !== expected) wrong.push([expected, got]);
      })
      .catch((error: unknown) => wrong.push(error))
      .then(() => void answers.delete(checked));
    answers.add(checked);
  };
  const end = performance.now() + 6000;
  while (performance.now() < end) {
    for (let count = 0; count < 20; count++) {
      const amount = deposits++;
      const deposit = session.call({ function: "deposit", args: [int(amount)], target: object(account.id) });
      expectAnswer(deposit.answer, amount);
    }
    if (Math.random() < 0.2) {
      const size = Math.floor(Math.random() * 3 * MIB);
      expectAnswer(session.call({ function: "blob", args: [int(size)] }).answer, size);
    }
    if (Math.random() < 0.1) {
      const size = Math.floor(MIB + Math.random() * 2 * MIB);
      const large = session.call({ operation: 4, function: "len", args: [bytes(Buffer.alloc(size))] });
      expectAnswer(large.answer, size);
    }
    if (Math.random() < 0.2)
      expectAnswer(session.call({ function: "apply", args: [callback(1)] }).answer, 77);
    while ((answers.size > 500 || !session.log.open) && performance.now() < end) await sleep(5);
    await sleep(5);
  }
  while (answers.size > 0 && performance.now() < end + 30_000) await sleep(20);
  calm.abort();
  await cutting;
  proxy.cutAfter(Number.POSITIVE_INFINITY);
  expect(answers.size).toBe(0);
  expect(wrong).toEqual([]);
  expect(proxy.cuts).toBeGreaterThan(20);
  const once = { function: "deposits_once", args: [int(deposits)], target: object(account.id) };
  expect(await session.result(once)).toBe(1);
  expect([...session.finals.values()].every((finals) => finals.length === 1)).toBe(true);
  stop.abort();
  await reopening;
  session.close();
});

test("a stream that is cut before `opened` has come costs nothing that was promised", async () => {
  await using proxy = await CuttingProxy.listen(pod.file("early"), pod.file("pod"));
  const session = new RawSession(proxy.address, { resumable: true });
  proxy.cutAfter(150);
  await session.end();
  expect(session.opened).toBeUndefined();
  const again = new RawSession(proxy.address, { resumable: true });
  expect(await again.result({ function: "add", args: [int(1), int(2)] })).toBe(3);
  again.close();
  session.close();
});
