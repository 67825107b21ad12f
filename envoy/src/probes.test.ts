import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { connect, runEnvoy, runUpstream } from "../testing/bed.ts";
import { adminGet } from "./admin.ts";

test("ready until it drains, while a call goes on; and nothing else is there", async () => {
  const envoy = await runEnvoy([await runUpstream()], { probes: "127.0.0.1:0" });
  const get = await prober(envoy.admin);
  expect(await get("/ready")).toBe(200);
  await expect.poll(() => get("/started"), { timeout: 10_000 }).toBe(200);
  expect(await get("/podule.v1.Calls/Call")).toBe(404);

  const answer = connect(envoy.address).echo("sleep:3000");
  await sleep(300);
  const stopped = envoy.stop(30_000);
  await expect.poll(() => get("/ready")).toBe(503);
  expect(await answer).toMatchObject({ code: 0 });
  await stopped;
});

test("not started before a manager is there, but ready to say so", async () => {
  const upstream = await runUpstream();
  upstream.setServing(false);
  const envoy = await runEnvoy([upstream], { probes: "127.0.0.1:0" });
  const get = await prober(envoy.admin);
  expect(await get("/ready")).toBe(200);
  await sleep(1000);
  expect(await get("/started")).toBe(503);
  upstream.setServing(true);
  await expect.poll(() => get("/started"), { timeout: 10_000 }).toBe(200);
});

async function prober(admin: Parameters<typeof adminGet>[0]): Promise<(path: string) => Promise<number>> {
  const listeners = (await adminGet(admin, "/listeners"))?.body ?? "";
  const port = /^probes::127\.0\.0\.1:(\d+)$/m.exec(listeners)?.[1];
  return async (path) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
}
