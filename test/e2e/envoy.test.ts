import { CallRequest, CallResponse, StreamResponse } from "@podule/proto/podule/v1/calls.ts";
import type { Value } from "@podule/proto/podule/v1/value.ts";
import { describe, expect, test } from "vitest";
import { cancelFlood } from "../stack/cancel-flood.ts";
import { grpcWeb } from "../stack/grpc-web.ts";
import { listeningOn } from "../stack/processes.ts";
import { useStack } from "../stack/use-stack.ts";
import { float, int, json, plain, str } from "../stack/values.ts";

const running = useStack({ probe: true, probeWorkers: 2 });

function request(module: string, name: string, args: Value[]): Buffer {
  const kwargs = new Map<string, Value>();
  return Buffer.from(
    CallRequest.encode(CallRequest.create({ module, function: name, args, kwargs })).finish(),
  );
}

describe("gRPC-Web", () => {
  test("a call", async () => {
    const message = request("numpy", "sum", [json([1, 2, 3, 4])]);
    const answer = await grpcWeb(running.stack.address, "/podule.v1.Calls/Call", message);
    expect(answer.code).toBe("OK");
    const [first = Buffer.alloc(0)] = answer.messages;
    expect(plain(CallResponse.decode(first).result)).toBe(10);
  });

  test("a stream", async () => {
    const message = request("probe", "count", [int(3)]);
    const answer = await grpcWeb(running.stack.address, "/podule.v1.Calls/Stream", message);
    expect(answer.messages.map((item) => plain(StreamResponse.decode(item).item))).toEqual([0, 1, 2]);
    expect(answer.code).toBe("OK");
  });

  test("an error", async () => {
    const message = request("operator", "truediv", [int(1), int(0)]);
    const answer = await grpcWeb(running.stack.address, "/podule.v1.Calls/Call", message);
    expect(answer.status).toBe(200);
    expect(answer.code).not.toBe("OK");
    expect(answer.message).toContain("division by zero");
  });
});

test("5,000 cancels a second from one client leave another's stream alive", async () => {
  const { stack } = running;
  const other = stack.connect();
  const items = other.stream("probe", "count", [int(100_000), float(0.02)])[Symbol.asyncIterator]();
  expect(plain((await items.next()).value)).toBe(0);
  await stack.connection.call("time", "time");
  let read = 0;
  let flooding = true;
  const reading = (async () => {
    while (flooding) {
      expect((await items.next()).done).toBe(false);
      read++;
    }
  })();
  const message = request("time", "sleep", [float(0.001)]);
  const flood = await cancelFlood(stack.address, "/podule.v1.Calls/Call", message, {
    perSecond: 5000,
    seconds: 3,
  });
  flooding = false;
  await reading;
  console.log(
    `${flood.sent} cancels on ${flood.connections} connections; the other client read ${read} items meanwhile`,
  );
  expect(flood.sent).toBe(15_000);
  expect(read).toBeGreaterThan(20);
  expect(plain((await items.next()).value)).toBe(read + 1);
  await items.return?.();
  // And its calls go on being answered.
  expect(plain(await other.call("probe", "echo", [str("fine")], { timeoutMs: 10_000 }))).toBe("fine");
  other.close();
});

test("a stream that is silent for 20 s is not cut", async () => {
  const seen: unknown[] = [];
  for await (const item of running.stack.connection.stream("probe", "count", [int(2), int(20)]))
    seen.push(plain(item));
  expect(seen).toEqual([0, 1]);
});

test("nothing listens but Envoy, and that on loopback only", () => {
  const { stack } = running;
  const listeners = stack.processes().map(({ pid, part }) => [part, listeningOn(pid)] as const);
  for (const [part, addresses] of listeners) {
    for (const address of addresses) expect(address, part).toMatch(/^127\.0\.0\.1:/);
    if (part !== "envoy" && part !== "manager") expect(addresses, part).toEqual([]);
  }
  const envoy = listeners.filter(([part]) => part === "envoy").flatMap(([, addresses]) => addresses);
  expect(envoy).toContain(stack.address);
});
