import { Channel, ChannelCredentials } from "@grpc/grpc-js";
import {
  HealthDefinition,
  HealthCheckResponse_ServingStatus as Serving,
} from "@podule/proto/grpc/health/v1/health.ts";
import { createClient } from "nice-grpc";
import { expect, onTestFinished, test } from "vitest";
import { statusOf } from "../../testing/status-of.ts";
import { createHealth, createServer, reasonOf, Status } from "../index.ts";

async function start() {
  const server = createServer();
  onTestFinished(() => server.close());
  const health = createHealth();
  server.add(health.definition, health.implementation);
  const channel = new Channel(await server.listen("127.0.0.1:0"), ChannelCredentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
  });
  onTestFinished(() => channel.close());
  return { server, health, client: createClient(HealthDefinition, channel) };
}

test("checks and lists", async () => {
  const { health, client } = await start();
  health.set("", true);
  health.set("a.B", false);
  expect((await client.check({})).status).toBe(Serving.SERVING);
  expect((await client.check({ service: "a.B" })).status).toBe(Serving.NOT_SERVING);
  const unknown = await statusOf((options) => client.check({ service: "a.C" }, options));
  expect(unknown.code).toBe(Status.NOT_FOUND);
  expect(reasonOf(unknown)).toBe("UNKNOWN_SERVICE");
  const { statuses } = await client.list({});
  expect([...statuses].map(([service, { status }]) => [service, status])).toEqual([
    ["", Serving.SERVING],
    ["a.B", Serving.NOT_SERVING],
  ]);
});

test("a watch sees each change, of one service only", async () => {
  const { health, client } = await start();
  const watch = client.watch({ service: "a" })[Symbol.asyncIterator]();
  const next = async () => (await watch.next()).value?.status;
  expect(await next()).toBe(Serving.SERVICE_UNKNOWN);
  health.set("b", true);
  health.set("a", false);
  expect(await next()).toBe(Serving.NOT_SERVING);
  health.set("a", false);
  health.set("a", true);
  expect(await next()).toBe(Serving.SERVING);
  health.set("a", undefined);
  expect(await next()).toBe(Serving.SERVICE_UNKNOWN);
  await watch.return?.();
});

test("the end tells watches and lets a drain pass", async () => {
  const { server, health, client } = await start();
  health.set("", true);
  const watch = client.watch({})[Symbol.asyncIterator]();
  expect((await watch.next()).value?.status).toBe(Serving.SERVING);
  health.end();
  health.set("", true);
  const start_ = Date.now();
  const drained = server.drain(20_000);
  expect((await watch.next()).value?.status).toBe(Serving.NOT_SERVING);
  await expect(watch.next()).rejects.toThrow("UNAVAILABLE");
  await drained;
  expect(Date.now() - start_).toBeLessThan(10_000);
});
