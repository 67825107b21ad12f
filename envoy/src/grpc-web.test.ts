import { mkdir, readFile, rm } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connect, runEnvoy, runUpstream, tempFolder } from "../testing/bed.ts";

function frame(text: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(Buffer.byteLength(text), 1);
  return Buffer.concat([head, Buffer.from(text)]);
}

async function post(address: string, path: string, text: string, headers: Record<string, string> = {}) {
  const response = await fetch(`http://${address}${path}`, {
    method: "POST",
    headers: { "content-type": "application/grpc-web+proto", "x-grpc-web": "1", ...headers },
    body: new Uint8Array(frame(text)),
  });
  return { response, body: Buffer.from(await response.arrayBuffer()) };
}

/** As a browser asks before a call; `fetch` here drops those headers. */
function options(address: string, headers: Record<string, string>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = request(`http://${address}/test.Echo/Echo`, { method: "OPTIONS", headers }, (response) => {
      response.resume();
      resolve(response);
    });
    call.once("error", reject).end();
  });
}

test("a call by fetch: a message, then the trailers as a frame", async () => {
  const { address } = await runEnvoy([await runUpstream()]);
  const { response, body } = await post(address, "/test.Echo/Echo", "hello");
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toMatch(/^application\/grpc-web/);
  expect(body.subarray(0, 10)).toEqual(frame("hello"));
  expect(body[10]).toBe(0x80);
  expect(body.subarray(15).toString()).toContain("grpc-status:0");
});

test("an error without a message: its status, words and details arrive", async () => {
  const { address } = await runEnvoy([await runUpstream()]);
  const { response, body } = await post(address, "/test.Echo/Fail", "5");
  expect(response.status).toBe(200);
  const said = `${[...response.headers].map(([key, value]) => `${key}:${value}`).join("\n")}\n${body.toString()}`;
  expect(said).toMatch(/grpc-status:\s*5/);
  expect(said).toContain("as%20asked");
  expect(said).toContain("grpc-status-details-bin");
});

test("a page of this machine may call, with a preflight; a page of elsewhere may not, whatever name it uses", async () => {
  const upstream = await runUpstream();
  const { address } = await runEnvoy([upstream]);
  const preflight = await options(address, {
    origin: "http://localhost:5173",
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type,x-grpc-web",
  });
  expect(preflight.statusCode).toBe(200);
  expect(preflight.headers["access-control-allow-origin"]).toBe("http://localhost:5173");
  expect(preflight.headers["access-control-allow-headers"]).toContain("x-grpc-web");
  const { response: allowed } = await post(address, "/test.Echo/Echo", "x", {
    origin: "http://localhost:5173",
  });
  expect(allowed.headers.get("access-control-expose-headers")).toContain("grpc-status-details-bin");
  for (const origin of [
    "https://evil.example",
    "http://localhost.evil.example",
    "null",
    "http://evil.example:50051",
  ]) {
    const { response } = await post(address, "/test.Echo/Echo", "x", { origin });
    expect(response.headers.get("access-control-allow-origin"), origin).toBeNull();
  }
  expect(upstream.calls).toBe(1);
});

test("origins are a parameter", async () => {
  const { address } = await runEnvoy([await runUpstream()], { corsOrigins: ["https://app.example.com"] });
  const { response } = await post(address, "/test.Echo/Echo", "x", { origin: "https://app.example.com" });
  expect(response.headers.get("access-control-allow-origin")).toBe("https://app.example.com");
  const { response: other } = await post(address, "/test.Echo/Echo", "x", {
    origin: "https://appXexample.com",
  });
  expect(other.headers.get("access-control-allow-origin")).toBeNull();
});

test("a browser that comes by is told what this port is", async () => {
  const { address } = await runEnvoy([await runUpstream()]);
  const response = await fetch(`http://${address}/`);
  expect(response.status).toBe(415);
  expect(await response.text()).toContain("gRPC");
});

test("the access log has a line of JSON for each call, with its gRPC status", async () => {
  const folder = `${tempFolder()}-log`;
  await mkdir(folder);
  onTestFinished(() => rm(folder, { recursive: true }));
  const accessLog = join(folder, "access.log");
  const { address } = await runEnvoy([await runUpstream()], { accessLog });
  const client = connect(address);
  await client.echo("x", { headers: { authorization: "Bearer secret" } });
  await client.fail(5);
  const lines = async () => {
    const text = await readFile(accessLog, "utf8");
    return text.split("\n").filter((line) => line !== "");
  };
  await expect.poll(async () => (await lines()).length, { timeout: 15_000 }).toBe(2);
  const [first, second] = (await lines()).map((line): unknown => JSON.parse(line));
  expect(first).toMatchObject({ path: "/test.Echo/Echo", grpc_status: "OK", protocol: "HTTP/2" });
  expect(second).toMatchObject({ path: "/test.Echo/Fail", grpc_status: "NOT_FOUND" });
  expect((await lines()).join()).not.toContain("secret");
});
