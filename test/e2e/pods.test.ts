import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LogLine_Stream, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failure } from "../stack/call-failure.ts";
import { appeared } from "../stack/files.ts";
import { useStack } from "../stack/use-stack.ts";
import { int, plain, str } from "../stack/values.ts";

const running = useStack({ probe: true, probeWorkers: 2 });
const pods = () => running.stack.connection.pods;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "podule-e2e-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function readyPod(): Promise<string> {
  await running.stack.connection.call("probe", "pid");
  const { pods: list } = await pods().listPods({ filter: 'module = "modules/probe" AND state = READY' });
  expect(list).toHaveLength(1);
  return list[0]?.name ?? "";
}

test("list and get", async () => {
  const name = await readyPod();
  expect(name).toMatch(/^pods\/probe-/);
  const pod = await pods().getPod({ name });
  expect(pod).toMatchObject({
    name,
    module: "modules/probe",
    generation: 1n,
    state: Pod_State.READY,
    callsInFlight: 0,
  });
  expect(pod.address).not.toBe("");
  expect(Number(pod.readyTime?.seconds)).toBeGreaterThanOrEqual(Number(pod.createTime?.seconds));
  expect(pod.endTime).toBeUndefined();
  const error = await failure(pods().getPod({ name: "pods/nobody" }));
  expect([error.code, error.domain]).toEqual(["NOT_FOUND", "podule.dev"]);
  for (const bad of ["", "nobody", "pods/", "modules/probe", "pods/../x"])
    expect(["INVALID_ARGUMENT", "NOT_FOUND"]).toContain((await failure(pods().getPod({ name: bad }))).code);
});

describe("logs", () => {
  test("both streams, the last lines, bytes that are no text, long lines", async () => {
    const name = await readyPod();
    const { connection } = running.stack;
    await connection.call("probe", "say", [str("to stdout"), str("to stderr")]);
    await connection.call("probe", "say_bytes", [str("ff410a")]);
    await connection.call("probe", "say", [str("x".repeat(40_000)), str("last")]);
    const lines: { stream: number; text: string }[] = [];
    for await (const line of pods().getPodLogs({ name, follow: true })) {
      lines.push(line);
      if (line.text === "last") break;
    }
    expect(lines).toContainEqual(
      expect.objectContaining({ stream: LogLine_Stream.STDOUT, text: "to stdout" }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ stream: LogLine_Stream.STDERR, text: "to stderr" }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ stream: LogLine_Stream.STDOUT, text: "\uFFFDA" }));
    const tail: string[] = [];
    for await (const line of pods().getPodLogs({ name, tailLines: 1 })) tail.push(line.text);
    expect(tail).toHaveLength(1);
    let longest = 0;
    for await (const line of pods().getPodLogs({ name }))
      longest = Math.max(longest, Buffer.byteLength(line.text));
    expect(longest).toBe(16 << 10);
  });

  test("follow ends with the pod, and its lines stay", async () => {
    const name = await readyPod();
    const { connection } = running.stack;
    const texts: string[] = [];
    let announce: (() => void) | undefined;
    const seen = new Promise<void>((resolve) => {
      announce = resolve;
    });
    const following = (async () => {
      for await (const line of pods().getPodLogs({ name, follow: true })) {
        texts.push(line.text);
        if (line.text === "before the end") announce?.();
      }
    })();
    await connection.call("probe", "say", [str("before the end"), str("")]);
    await seen;
    await pods().deletePod({ name });
    await following;
    const after: string[] = [];
    for await (const line of pods().getPodLogs({ name })) after.push(line.text);
    expect(after).toContain("before the end");
    expect((await pods().getPod({ name })).state).not.toBe(Pod_State.READY);
  });
});

test("drain: running calls end, new ones go to another pod", async () => {
  const name = await readyPod();
  const { connection } = running.stack;
  const [started, release] = [join(folder, "held"), join(folder, "release")];
  const held = connection.call("probe", "hold", [str(started), str(release)]);
  await appeared(started);
  const draining = pods().drainPod({ name });
  const other = plain(await connection.call("probe", "parent_pid", [], { timeoutMs: 30_000 }));
  expect(other).toBeGreaterThan(0);
  await writeFile(release, "");
  expect(plain(await held)).toBe("held");
  await draining;
  expect(await readyPod()).not.toBe(name);
});

test("delete: its running calls are ABORTED; the module gets a new pod", async () => {
  const name = await readyPod();
  const { connection } = running.stack;
  const started = join(folder, "deleted");
  const lost = failure(connection.call("probe", "hold", [str(started), str("/never")]));
  await appeared(started);
  await pods().deletePod({ name });
  const error = await lost;
  expect(error.code).toBe("ABORTED");
  expect(error.domain).toBe("podule.dev");
  expect(plain(await connection.call("probe", "echo", [int(1)], { timeoutMs: 30_000 }))).toBe(1);
  expect(await readyPod()).not.toBe(name);
});

test("a pod killed from outside: the same", async () => {
  const name = await readyPod();
  const { stack } = running;
  const started = join(folder, "killed");
  const lost = failure(stack.connection.call("probe", "hold", [str(started), str("/never")]));
  await appeared(started);
  stack.kill(
    "pod",
    (process_) =>
      process_.command !== "" && stack.environment(process_.pid).includes("PODULE_MODULE_ID=probe"),
  );
  expect(["ABORTED", "UNAVAILABLE"]).toContain((await lost).code);
  expect(plain(await stack.connection.call("probe", "echo", [int(1)], { timeoutMs: 30_000 }))).toBe(1);
  expect(await readyPod()).not.toBe(name);
  expect((await pods().getPod({ name })).state).toBe(Pod_State.FAILED);
});
