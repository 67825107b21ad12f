import { rpcStatus } from "@podule/grpc";
import { Status as RpcStatus } from "@podule/proto/google/rpc/status.ts";
import { Status } from "nice-grpc-common";
import { expect, test } from "vitest";
import { terminationMessage } from "./termination-message.ts";

test("a status comes back as it was", () => {
  const status = rpcStatus(Status.FAILED_PRECONDITION, "IMPORT_FAILED", "No module named 'x'", {
    debug: "Traceback",
  });
  const read = RpcStatus.fromJSON(JSON.parse(terminationMessage(status)));
  expect([read.code, read.message, read.details.length]).toEqual([status.code, status.message, 2]);
});

test("it fits into what Kubernetes keeps: first without the traceback, then with less of the message", () => {
  const long = terminationMessage(rpcStatus(Status.INTERNAL, "WHY", "short", { debug: "x".repeat(9000) }));
  expect(Buffer.byteLength(long)).toBeLessThanOrEqual(4096);
  expect(RpcStatus.fromJSON(JSON.parse(long))).toMatchObject({ message: "short" });
  const longer = terminationMessage(rpcStatus(Status.INTERNAL, "WHY", "ü".repeat(9000)));
  expect(Buffer.byteLength(longer)).toBeLessThanOrEqual(4096);
  expect(RpcStatus.fromJSON(JSON.parse(longer)).message.length).toBeGreaterThan(1000);
});
