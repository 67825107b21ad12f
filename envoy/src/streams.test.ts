import { expect, test } from "vitest";
import { connect, runEnvoy, runUpstream } from "../testing/bed.ts";
import { collect } from "../testing/caller.ts";

const DEADLINE_EXCEEDED = 4;

test("a stream that is silent for 20 s is not cut", { timeout: 40_000 }, async () => {
  const client = connect((await runEnvoy([await runUpstream()])).address);
  expect(await collect(client.count(2, 20_000 / 2))).toEqual(["0", "1"]);
});

test("a call ends at its own deadline, and only there", async () => {
  const client = connect((await runEnvoy([await runUpstream()])).address);
  expect((await client.echo("sleep:5000", { timeoutMs: 300 })).code).toBe(DEADLINE_EXCEEDED);
  expect((await client.echo("sleep:2000", { timeoutMs: 10_000 })).code).toBe(0);
});

test("metadata of users cannot steer Envoy or pretend to come from it", async () => {
  const upstream = await runUpstream();
  const client = connect((await runEnvoy([upstream])).address);
  const headers = {
    "x-envoy-upstream-rq-timeout-ms": "1",
    "x-envoy-max-retries": "9",
    "x-envoy-retry-on": "5xx",
    "x-envoy-original-path": "/x",
    "x-envoy-external-address": "6.6.6.6",
    "x-forwarded-client-cert": "Hash=1;Subject=admin",
    "x-podule-subject": "admin",
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  };
  expect(await client.echo("sleep:100", { headers })).toMatchObject({ code: 0, text: "sleep:100" });
  const seen = upstream.lastMetadata.getMap();
  // What Envoy itself saw.
  expect(seen).toMatchObject({ "x-envoy-external-address": "127.0.0.1" });
  expect(Object.keys(seen).filter((key) => key.startsWith("x-envoy-"))).toEqual(["x-envoy-external-address"]);
  expect(seen).not.toHaveProperty("x-forwarded-client-cert");
  expect(seen).not.toHaveProperty("x-podule-subject");
  expect(seen).toMatchObject({ traceparent: headers.traceparent });
});

test("too large metadata is refused as a gRPC status", async () => {
  const client = connect((await runEnvoy([await runUpstream()])).address);
  const answer = await client.echo("x", { headers: { big: "x".repeat(200_000) } });
  expect(answer.code).not.toBe(0);
  expect((await client.echo("after")).text).toBe("after");
});

test("one client's flood of cancels leaves another's stream alive", async () => {
  const upstream = await runUpstream();
  const envoy = await runEnvoy([upstream]);
  const bystander = connect(envoy.address).count(30, 100);
  const hostile = connect(envoy.address);
  for (let round = 0; round < 30; round += 1) {
    const calls = Array.from({ length: 20 }, () => hostile.count(1_000_000, 1000));
    for (const call of calls) call.on("error", () => {});
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const call of calls) call.cancel();
  }
  expect(await collect(bystander)).toHaveLength(30);
});
