import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createServer, type Server } from "@podule/grpc";
import { Pod_State, type PodsClient, PodsDefinition } from "@podule/proto/podule/v1/pods.ts";
import { type Channel, createChannel, createClient, Status } from "nice-grpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../testing/until.ts";
import { createLocalPods } from "./local/local-pods.ts";
import type { PodBackend } from "./pod-backend.ts";
import { createPodsService } from "./pods-service.ts";

const main = fileURLToPath(new URL("./local/testing/scripted-pod.ts", import.meta.url));
let runDir: string;
let pods: PodBackend;
let server: Server;
let channel: Channel;
let client: PodsClient;
let closing: AbortController;

beforeEach(async () => {
  runDir = mkdtempSync(join(tmpdir(), "podule-"));
  pods = createLocalPods({ runDir, main });
  closing = new AbortController();
  server = createServer();
  server.add(PodsDefinition, createPodsService({ pods, callsInFlight: () => 7, closing: closing.signal }));
  channel = createChannel(await server.listen("127.0.0.1:0"));
  client = createClient(PodsDefinition, channel);
});

afterEach(async () => {
  channel.close();
  await server.close();
  await pods.close();
  rmSync(runDir, { recursive: true });
});

function create(moduleId: string): string {
  return pods.createPod({ moduleId, generation: 1n, importName: moduleId, python: "python3", workers: 1 })
    .name;
}

const stateOf = async (name: string) => (await client.getPod({ name })).state;

test("pods are listed by pages and filters, with their calls in flight", async () => {
  const names = [create("never_ready"), create("never_ready"), create("serve")].sort();
  const first = await client.listPods({ pageSize: 2 });
  const second = await client.listPods({ pageSize: 2, pageToken: first.nextPageToken });
  expect([...first.pods, ...second.pods].map(({ name }) => name)).toEqual(names);
  expect(second.nextPageToken).toBe("");
  const filtered = await client.listPods({ filter: 'module = "modules/serve"' });
  expect(filtered.pods).toMatchObject([{ module: "modules/serve", callsInFlight: 7 }]);
  expect((await client.listPods({ filter: "state = FAILED" })).pods).toEqual([]);
});

test("a drained pod is answered as DRAINING and ends; a deleted one has ended", async () => {
  const drained = create("serve");
  await until(async () => (await stateOf(drained)) === Pod_State.READY);
  expect((await client.drainPod({ name: drained })).state).toBe(Pod_State.DRAINING);
  await until(async () => (await stateOf(drained)) === Pod_State.SUCCEEDED);
  const deleted = create("never_ready");
  await client.deletePod({ name: deleted });
  expect(await stateOf(deleted)).toBe(Pod_State.SUCCEEDED);
});

test("logs are followed until the manager ends", async () => {
  const name = create("never_ready");
  const texts: string[] = [];
  for await (const { text } of client.getPodLogs({ name, follow: true })) {
    texts.push(text);
    closing.abort();
  }
  expect(texts).toEqual(["still importing"]);
});

test("wrong requests are typed errors", async () => {
  const name = "pods/none-12345";
  const logs = client.getPodLogs({ name })[Symbol.asyncIterator]();
  for (const answer of [
    client.getPod({ name }),
    client.drainPod({ name }),
    client.deletePod({ name }),
    logs.next(),
  ])
    await expect(answer).rejects.toMatchObject({ code: Status.NOT_FOUND });
  for (const wrong of ["", "none", "pods/", "pods/a/b", "pods/..\n"])
    await expect(client.getPod({ name: wrong })).rejects.toMatchObject({ code: Status.INVALID_ARGUMENT });
  for (const request of [{ filter: "nope = 1" }, { pageToken: "x" }, { pageSize: -1 }])
    await expect(client.listPods(request)).rejects.toMatchObject({ code: Status.INVALID_ARGUMENT });
});
