import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CallRequest_ResultMode } from "@podule/proto/podule/v1/calls.ts";
import { expect, test } from "vitest";
import { failure } from "../stack/call-failure.ts";
import type { Connection } from "../stack/client.ts";
import { useStack } from "../stack/use-stack.ts";
import { int, plain, str } from "../stack/values.ts";

// Long enough for whatever a busy machine takes.
const running = useStack({ probe: true, env: { PODULE_SESSION_GRACE_MS: "300000" } });

const once = (requestId: string, retry = false, connection: Connection = running.stack.connection) =>
  connection.calls
    .call({ module: "probe", function: "tally", args: [str(requestId)], requestId, retry })
    .then(({ result }) => plain(result));
const runs = async (key: string) =>
  plain(
    (await running.stack.connection.calls.call({ module: "probe", function: "tally", args: [str(key)] }))
      .result,
  );
const pid = async () =>
  plain((await running.stack.connection.calls.call({ module: "probe", function: "pid" })).result);

test("sent ten times at once, on ways of their own, it runs once and all have its answer", async () => {
  const requestId = randomUUID();
  const connections = Array.from({ length: 10 }, () => running.stack.connect());
  const answers = await Promise.all(connections.map((one) => once(requestId, false, one)));
  expect(answers).toEqual(answers.map(() => 1));
  expect(await once(requestId, true)).toBe(1);
  expect(await runs(requestId)).toBe(2);
});

test("sent again after its caller broke off while it ran: it has gone on, and is answered", async () => {
  const [started, release] = ["started", "release"].map((name) => join(running.stack.folder, name));
  const call = {
    module: "probe",
    function: "hold",
    args: [str(started ?? ""), str(release ?? "")],
    requestId: randomUUID(),
  };
  const gone = new AbortController();
  const broken = running.stack.connect();
  const first = broken.calls.call(call, { signal: gone.signal }).catch((error: unknown) => error);
  while (!existsSync(started ?? "")) await sleep(20);
  gone.abort();
  expect(await first).toMatchObject({ name: "AbortError" });
  broken.close();
  await rm(started ?? "");
  const again = running.stack.connection.calls.call({ ...call, retry: true });
  await sleep(200);
  await writeFile(release ?? "", "");
  expect(plain((await again).result)).toBe("held");
  expect(existsSync(started ?? "")).toBe(false);
});

test("one that says it was sent before is not run by a manager that has not served long enough to know", async () => {
  const requestId = randomUUID();
  expect(await failure(once(requestId, true))).toMatchObject({ reason: "REQUEST_LOST" });
  expect(await runs(requestId)).toBe(1);
});

test("objects and sessions: the same object for who asks again", async () => {
  const requestId = randomUUID();
  const call = {
    module: "probe",
    function: "opaque",
    resultMode: CallRequest_ResultMode.OBJECT,
    requestId,
  };
  const { calls } = running.stack.connection;
  const [one, two] = await Promise.all([calls.call(call), calls.call(call)]);
  expect(two).toEqual(one);
  const held = { module: "probe", session: one.session, requestId: randomUUID() };
  const say = { ...held, function: "tally", args: [str(held.requestId)] };
  expect(plain((await calls.call(say)).result)).toBe(1);
  expect(plain((await calls.call({ ...say, retry: true })).result)).toBe(1);
});

test("answers that take too much memory are dropped, and say so; the call does not run again", async () => {
  const { calls } = running.stack.connection;
  const ids = [1, 2, 3].map(() => randomUUID());
  const large = (requestId: string) =>
    calls.call({ module: "builtins", function: "bytes", args: [int(30_000_000)], requestId });
  for (const id of ids) await large(id);
  expect(await failure(large(ids[0] ?? ""))).toMatchObject({ reason: "ANSWER_DROPPED" });
  const { result } = await large(ids[2] ?? "");
  expect(result?.kind?.$case).toBe("bytes");
});

test("another function under the same id, and a stream, are refused", async () => {
  const requestId = randomUUID();
  await once(requestId);
  const { calls } = running.stack.connection;
  const other = calls.call({ module: "probe", function: "pid", requestId });
  expect(await failure(other)).toMatchObject({ reason: "REQUEST_ID_REUSED" });
  const stream = async () => {
    for await (const _ of calls.stream({ module: "probe", function: "count", args: [int(3)], requestId }));
  };
  expect(await failure(stream())).toMatchObject({ reason: "INVALID_FIELD" });
});

test("when the pod that had it is gone, it is not run again, also without `retry`", async () => {
  const requestId = randomUUID();
  expect(await once(requestId)).toBe(1);
  const parentOf = (pid: number) => running.stack.processes().find((one) => one.pid === pid)?.parent ?? 0;
  process.kill(parentOf(parentOf(Number(await pid()))), "SIGKILL");
  for (
    const end = Date.now() + 60_000;
    (await runs("alive").catch(() => undefined)) === undefined;
    await sleep(50)
  )
    expect(Date.now()).toBeLessThan(end);
  expect(await failure(once(requestId))).toMatchObject({ reason: "REQUEST_LOST" });
  expect(await failure(once(requestId, true))).toMatchObject({ reason: "REQUEST_LOST" });
  expect(await failure(once(randomUUID(), true))).toMatchObject({ reason: "REQUEST_LOST" });
  expect(await once(randomUUID())).toBe(1);
  expect(await runs(requestId)).toBe(1);
});
