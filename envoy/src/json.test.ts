import { fileURLToPath } from "node:url";
import { descriptorSetFile } from "@podule/proto/descriptors";
import { expect, test } from "vitest";
import { runEnvoy, runUpstream } from "../testing/bed.ts";

const PARAMS = { descriptorFile: fileURLToPath(descriptorSetFile) };

function post(address: string, path: string, body: string, headers: Record<string, string> = {}) {
  return fetch(`http://${address}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
}

test("a call by JSON", async () => {
  const { address } = await runEnvoy([await runUpstream()], PARAMS);
  const response = await post(address, "/grpc.health.v1.Health/Check", "{}");
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: "SERVING" });
});

test("an error comes as a google.rpc.Status in JSON", async () => {
  const { address } = await runEnvoy([await runUpstream()], PARAMS);
  const response = await post(address, "/podule.v1.Calls/Call", '{"module":"numpy"}');
  expect(response.status).toBe(501);
  expect(await response.json()).toMatchObject({ code: 12 });
});

test.each([
  ["no JSON", "/podule.v1.Calls/Call", "{", 400],
  ["an unknown method", "/podule.v1.Calls/Nothing", "{}", 404],
])("%s is refused", async (_what, path, body, status) => {
  const { address } = await runEnvoy([await runUpstream()], PARAMS);
  const response = await post(address, path, body);
  expect(response.status).toBe(status);
});

test("only as JSON, and only for pages of this machine: a form of another page cannot send it", async () => {
  const { address } = await runEnvoy([await runUpstream()], PARAMS);
  const path = "/grpc.health.v1.Health/Check";
  expect((await post(address, path, "{}", { "content-type": "text/plain" })).status).toBe(415);
  expect((await post(address, path, "{}", { origin: "https://evil.example" })).status).toBe(403);
});
