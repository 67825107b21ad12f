import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { connect, runEnvoy, runUpstream } from "../testing/bed.ts";
import { adminGet } from "./admin.ts";

test("ready until it drains, while a call goes on; and nothing else is there", async () => {
  const envoy = await runEnvoy([await runUpstream()], { probes: "127.0.0.1:0" });
  const listeners = (await adminGet(envoy.admin, "/listeners"))?.body ?? "";
  const port = /^probes::127\.0\.0\.1:(\d+)$/m.exec(listeners)?.[1];
  const get = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
  expect(await get("/ready")).toBe(200);
  expect(await get("/podule.v1.Calls/Call")).toBe(404);

  const answer = connect(envoy.address).echo("sleep:3000");
  await sleep(300);
  const stopped = envoy.stop(30_000);
  await expect.poll(() => get("/ready")).toBe(503);
  expect(await answer).toMatchObject({ code: 0 });
  await stopped;
});
