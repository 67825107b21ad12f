import { rpcStatus, StatusError } from "@podule/grpc";
import { Status as RpcStatus } from "@podule/proto/google/rpc/status.ts";
import { CallRequest, CallResponse, SessionResponse, StreamResponse } from "@podule/proto/podule/v1/calls.ts";
import { SessionResponseEnvelope } from "@podule/proto/podule/v1/envelope.ts";
import fc from "fast-check";
import { Status } from "nice-grpc-common";
import { expect, test } from "vitest";
import type { UnknownFrame } from "./frame-message.ts";
import { decodeServerFrames, encodeServerFrames, type ServerFrame } from "./server-frames.ts";

const id = fc.maxSafeNat();
const uint32 = fc.nat({ max: 0xffff_ffff });
const text = fc.string({ unit: "binary", maxLength: 40 });
const value = fc
  .string({ unit: "binary" })
  .map((str) => ({ kind: { $case: "str" as const, value: str }, dtype: "" }));

const serverFrame: fc.Arbitrary<ServerFrame> = fc.oneof(
  fc.record({
    kind: fc.constant("opened" as const),
    maxInFlight: uint32,
    token: text,
    received: id,
    graceMs: uint32,
  }),
  fc.record({
    kind: fc.constant("chunk" as const),
    id,
    data: fc.uint8Array({ maxLength: 40 }).map((data) => Buffer.from(data)),
    total: id,
    callback: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("callback" as const),
    id,
    function: id,
    request: fc
      .string({ minLength: 1 })
      .map((name) => Buffer.from(CallRequest.encode(CallRequest.fromPartial({ function: name })).finish())),
  }),
  fc.record({ kind: fc.constant("draining" as const), graceMs: uint32 }),
  fc.record({ kind: fc.constant("end" as const), id }),
  fc.record({
    kind: fc.constant("result" as const),
    id,
    body: value.map((result) => Buffer.from(CallResponse.encode(CallResponse.create({ result })).finish())),
  }),
  fc.record({
    kind: fc.constant("item" as const),
    id,
    body: value.map((item) => Buffer.from(StreamResponse.encode({ item }).finish())),
  }),
  fc.record({
    kind: fc.constant("error" as const),
    id,
    body: fc
      .string()
      .map((message) => Buffer.from(RpcStatus.encode(rpcStatus(Status.ABORTED, "WHY", message)).finish())),
  }),
);

function decode(message: Buffer): (ServerFrame | UnknownFrame)[] {
  const frames: (ServerFrame | UnknownFrame)[] = [];
  decodeServerFrames(message, (frame) => frames.push(frame));
  return frames;
}

function generated(frame: ServerFrame): NonNullable<SessionResponse["frames"][number]["frame"]> {
  switch (frame.kind) {
    case "opened":
      return {
        $case: "opened",
        value: {
          maxInFlight: frame.maxInFlight,
          token: frame.token,
          received: BigInt(frame.received),
          graceMs: frame.graceMs,
        },
      };
    case "chunk":
      return {
        $case: "chunk",
        value: {
          id: BigInt(frame.id),
          data: frame.data,
          total: BigInt(frame.total),
          callback: frame.callback,
        },
      };
    case "callback":
      return {
        $case: "callback",
        value: {
          id: BigInt(frame.id),
          function: BigInt(frame.function),
          request: CallRequest.decode(frame.request),
        },
      };
    case "draining":
      return { $case: "draining", value: { graceMs: frame.graceMs } };
    case "end":
      return { $case: "end", value: { id: BigInt(frame.id) } };
    case "result":
      return { $case: "result", value: { id: BigInt(frame.id), response: CallResponse.decode(frame.body) } };
    case "item":
      return { $case: "item", value: { id: BigInt(frame.id), response: StreamResponse.decode(frame.body) } };
    case "error":
      return { $case: "error", value: { id: BigInt(frame.id), status: RpcStatus.decode(frame.body) } };
  }
}

test("the bytes are those of the generated code for calls.proto, both ways", () => {
  fc.assert(
    fc.property(fc.array(serverFrame, { maxLength: 8 }), (frames) => {
      const message = SessionResponse.create({
        frames: frames.map((frame) => ({ frame: generated(frame) })),
      });
      const bytes = Buffer.from(SessionResponse.encode(message).finish());
      expect(encodeServerFrames(frames)).toEqual(bytes);
      expect(decode(bytes)).toEqual(frames);
    }),
  );
});

test("the bytes are those of the generated code for envelope.proto", () => {
  fc.assert(
    fc.property(fc.array(serverFrame, { maxLength: 8 }), (frames) => {
      const bytes = encodeServerFrames(frames);
      const again = SessionResponseEnvelope.encode(SessionResponseEnvelope.decode(bytes)).finish();
      expect(Buffer.from(again)).toEqual(bytes);
    }),
  );
});

test("any bytes are read, or refused with a typed error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decode(Buffer.from(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(StatusError);
      }
    }),
    { numRuns: 2000 },
  );
});
