import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { reasonOf } from "@podule/grpc";
import { Status as RpcStatus } from "@podule/proto/google/rpc/status.ts";
import {
  ServerReflectionRequest,
  ServerReflectionResponse,
} from "@podule/proto/grpc/reflection/v1/reflection.ts";
import { connectSession } from "@podule/session";
import { Status } from "nice-grpc-common";
import { expect, test } from "vitest";
import { callRequest } from "../testing/call-request.ts";
import {
  connected,
  eventually,
  failureOf,
  isAlive,
  sessionCall,
  startPod,
  type TestPod,
} from "../testing/pod.ts";

function terminationOf(pod: TestPod) {
  return RpcStatus.fromJSON(JSON.parse(pod.read("termination") ?? "{}"));
}

test("SIGTERM: running calls end, new ones are refused, nothing is left", async () => {
  await using pod = await startPod();
  let graceMs = 0;
  const session = connectSession({
    address: pod.address,
    module: "",
    onDraining: (ms) => {
      graceMs = ms;
    },
  });
  await session.opened;
  const running = sessionCall(session, callRequest("sleep", 1));
  const unary = pod.call(callRequest("sleep", 1));
  await sleep(200);
  const pids = pod.pythons();
  pod.child.kill("SIGTERM");
  await eventually(() => graceMs || undefined, "the draining frame");
  expect(graceMs).toBe(30_000);
  const late = await failureOf(sessionCall(session, callRequest("add", 1, 1)));
  expect([late.status.code, late.reason]).toEqual([Status.UNAVAILABLE, "DRAINING"]);
  expect(await running).toBe(1);
  expect(await unary).toBe(1);
  expect(await pod.ended).toBe(0);
  expect(pids.filter(isAlive)).toEqual([]);
  expect(readdirSync(pod.folder).filter((name) => name.startsWith("pod-"))).toEqual([]);
});

test("SIGTERM: calls longer than the grace are cut", async () => {
  await using pod = await startPod({ env: { PODULE_DRAIN_GRACE_MS: "500" } });
  const running = failureOf(pod.call(callRequest("stuck", pod.file("stuck"), 60)));
  await eventually(() => pod.read("stuck") || undefined, "the call");
  const pids = pod.pythons();
  pod.child.kill("SIGTERM");
  const error = await running;
  expect([error.status.code, error.reason]).toEqual([Status.ABORTED, "POD_STOPPED"]);
  expect(await pod.ended).toBe(0);
  await eventually(() => (pids.some(isAlive) ? undefined : true), "the end of the workers");
});

test("the loss of the parent's channel ends the pod at once", async () => {
  await using pod = await startPod();
  const pids = pod.pythons();
  pod.child.disconnect();
  await pod.ended;
  await eventually(() => (pids.some(isAlive) ? undefined : true), "the end of the workers");
  expect(readdirSync(pod.folder).filter((name) => name.startsWith("pod-"))).toEqual([]);
});

test("a module that is not there: exit 1, with Python's words in the termination message", async () => {
  await using pod = await startPod({ env: { MODULE_NAME: "no_such_module" }, unready: true });
  expect(await pod.ended).toBe(1);
  expect(terminationOf(pod).message).toContain("no_such_module");
});

test("Python that is not there", async () => {
  await using pod = await startPod({ env: { PODULE_PYTHON: "/no/such/python" }, unready: true });
  expect(await pod.ended).toBe(1);
  expect(reasonOf(terminationOf(pod))).toBe("PYTHON_NOT_STARTED");
});

test("an import that takes too long", async () => {
  await using pod = await startPod({
    env: { MODULE_NAME: "slow", PODULE_IMPORT_TIMEOUT_MS: "300" },
    unready: true,
  });
  expect(await pod.ended).toBe(1);
  expect(reasonOf(terminationOf(pod))).toBe("IMPORT_TIMEOUT");
});

test("settings that make no sense are all named", async () => {
  await using pod = await startPod({ env: { PODULE_WORKERS: "many", MODULE_NAME: "a b" }, unready: true });
  expect(await pod.ended).toBe(1);
  const status = terminationOf(pod);
  expect(reasonOf(status)).toBe("INVALID_SETTING");
  expect(status.message).toContain("PODULE_WORKERS");
  expect(status.message).toContain("MODULE_NAME");
});

test("an address in use", async () => {
  await using first = await startPod();
  await using second = await startPod({ env: { PODULE_LISTEN: first.address }, unready: true });
  expect(await second.ended).toBe(1);
  expect(await first.call(callRequest("add", 1, 2))).toBe(3);
});

test("an import that crashes", async () => {
  await using pod = await startPod({ env: { MODULE_NAME: "crash" }, unready: true });
  expect(await pod.ended).toBe(1);
  expect(reasonOf(terminationOf(pod))).toBe("IMPORT_CRASHED");
  expect(terminationOf(pod).message).toContain("SIGSEGV");
});

test("calls that wait for the import get its error", async () => {
  await using pod = await startPod({
    env: { MODULE_NAME: "slow", PODULE_IMPORT_TIMEOUT_MS: "3000" },
    unready: true,
  });
  await connected(pod);
  const waiting = failureOf(pod.call(callRequest("add", 1, 2)));
  expect((await waiting).reason).toBe("IMPORT_TIMEOUT");
  expect(await pod.ended).toBe(1);
});

test("a module that cannot be forked has workers all the same", async () => {
  await using pod = await startPod({ env: { MODULE_NAME: "threads", PODULE_WORKERS: "2" } });
  expect(await pod.call(callRequest("add", 1, 2))).toBe(3);
});

test("workers that die at their start: waiting calls are told, with the time to wait", async () => {
  await using pod = await startPod({
    env: { MODULE_NAME: "threads", FLAG: "flag" },
    unready: true,
  });
  await connected(pod);
  const error = await failureOf(pod.call(callRequest("add", 1, 2)));
  expect([error.status.code, error.reason]).toEqual([Status.UNAVAILABLE, "NO_WORKER"]);
  expect(error.status.message).toContain("exit code 7");
});

test("kill -9 of the module server ends an import that is under way", async () => {
  await using pod = await startPod({ env: { MODULE_NAME: "slow" }, unready: true });
  const pids = await eventually(() => (pod.pythons().length > 0 ? pod.pythons() : undefined), "the zygote");
  await sleep(1000);
  pod.child.kill("SIGKILL");
  await pod.ended;
  await eventually(() => (pids.some(isAlive) ? undefined : true), "the end of the zygote");
});

test("health and reflection are served beside the calls", async () => {
  await using pod = await startPod();
  const identity = (bytes: Buffer) => bytes;
  const request = Buffer.from(
    ServerReflectionRequest.encode({
      host: "",
      messageRequest: { $case: "listServices", value: "" },
    }).finish(),
  );
  for (const version of ["v1", "v1alpha"]) {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const stream = pod.client.makeBidiStreamRequest(path, identity, (bytes: Buffer) =>
      ServerReflectionResponse.decode(bytes),
    );
    stream.end(request);
    const [response] = await stream.toArray();
    const names: unknown = response?.messageResponse?.value?.service?.map(
      (service: { name: string }) => service.name,
    );
    expect(names).toContain("podule.v1.Calls");
    expect(names).not.toContain("podule.v1.Modules");
  }
});
