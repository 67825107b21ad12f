import { reasonOf, rpcStatus, StatusError } from "@podule/grpc";
import { Status as RpcStatus } from "@podule/proto/google/rpc/status.ts";
import { CallRequest, CallResponse, SessionRequest } from "@podule/proto/podule/v1/calls.ts";
import { SessionRequestEnvelope } from "@podule/proto/podule/v1/envelope.ts";
import fc from "fast-check";
import { Status } from "nice-grpc-common";
import { expect, test } from "vitest";
import { type ClientFrame, decodeClientFrames, encodeClientFrames } from "./client-frames.ts";
import type { UnknownFrame } from "./frame-message.ts";

const id = fc.maxSafeNat();
const uint32 = fc.nat({ max: 0xffff_ffff });
const text = fc.string({ unit: "binary", maxLength: 40 });
const request = fc
  .record({ module: text, function: text, args: fc.array(fc.record({ str: text }), { maxLength: 3 }) })
  .map(({ module, function: name, args }) =>
    Buffer.from(
      CallRequest.encode(
        CallRequest.fromPartial({
          module,
          function: name,
          args: args.map(({ str }) => ({ kind: { $case: "str", value: str } })),
        }),
      ).finish(),
    ),
  );

const bytes = fc.uint8Array({ maxLength: 40 }).map((data) => Buffer.from(data));
const response = text.map((str) =>
  Buffer.from(
    CallResponse.encode(
      CallResponse.fromPartial({ result: { kind: { $case: "str", value: str } } }),
    ).finish(),
  ),
);
const status = text.map((message) =>
  Buffer.from(RpcStatus.encode(rpcStatus(Status.UNKNOWN, "WHY", message)).finish()),
);

const clientFrame: fc.Arbitrary<ClientFrame> = fc.oneof(
  fc.record({
    kind: fc.constant("open" as const),
    module: text,
    resumable: fc.boolean(),
    token: text,
    received: id,
    stateless: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("call" as const),
    id,
    request,
    timeoutMs: uint32,
    traceparent: text,
    stream: fc.boolean(),
    credit: uint32,
  }),
  fc.record({ kind: fc.constant("cancel" as const), id }),
  fc.record({ kind: fc.constant("credit" as const), id, items: uint32 }),
  fc.record({
    kind: fc.constant("chunk" as const),
    id,
    data: bytes,
    total: id,
    callback: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("release" as const), ids: fc.array(id, { maxLength: 20 }) }),
  fc.record({
    kind: fc.constant("callbackResult" as const),
    id,
    response: fc.option(response, { nil: undefined }),
    error: fc.option(status, { nil: undefined }),
  }),
  fc.constant({ kind: "close" as const }),
);

function decode(message: Buffer): (ClientFrame | UnknownFrame)[] {
  const frames: (ClientFrame | UnknownFrame)[] = [];
  decodeClientFrames(message, (frame) => frames.push(frame));
  return frames;
}

/** The frame as the generated code has it. */
function generated(frame: ClientFrame): NonNullable<SessionRequest["frames"][number]["frame"]> {
  switch (frame.kind) {
    case "open":
      return {
        $case: "open",
        value: {
          module: frame.module,
          resumable: frame.resumable,
          token: frame.token,
          received: BigInt(frame.received),
          stateless: frame.stateless,
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
    case "release":
      return { $case: "release", value: { ids: frame.ids.map((id) => BigInt(id)) } };
    case "callbackResult":
      return {
        $case: "callbackResult",
        value: {
          id: BigInt(frame.id),
          response: frame.response && CallResponse.decode(frame.response),
          error: frame.error && RpcStatus.decode(frame.error),
        },
      };
    case "close":
      return { $case: "close", value: {} };
    case "cancel":
      return { $case: "cancel", value: { id: BigInt(frame.id) } };
    case "credit":
      return { $case: "credit", value: { id: BigInt(frame.id), items: frame.items } };
    case "call":
      return {
        $case: "call",
        value: {
          id: BigInt(frame.id),
          request: CallRequest.decode(frame.request),
          timeoutMs: frame.timeoutMs,
          traceparent: frame.traceparent,
          stream: frame.stream,
          credit: frame.credit,
        },
      };
  }
}

test("the bytes are those of the generated code for calls.proto", () => {
  fc.assert(
    fc.property(fc.array(clientFrame, { maxLength: 8 }), (frames) => {
      const message = SessionRequest.create({
        frames: frames.map((frame) => ({ frame: generated(frame) })),
      });
      expect(encodeClientFrames(frames)).toEqual(Buffer.from(SessionRequest.encode(message).finish()));
    }),
  );
});

test("what the generated code for calls.proto writes is read", () => {
  fc.assert(
    fc.property(fc.array(clientFrame, { maxLength: 8 }), (frames) => {
      const message = SessionRequest.create({
        frames: frames.map((frame) => ({ frame: generated(frame) })),
      });
      expect(decode(Buffer.from(SessionRequest.encode(message).finish()))).toEqual(frames);
    }),
  );
});

test("envelope.proto reads the same", () => {
  fc.assert(
    fc.property(fc.array(clientFrame, { maxLength: 8 }), (frames) => {
      const read = SessionRequestEnvelope.decode(encodeClientFrames(frames)).frames.map(({ frame }) => frame);
      expect(read.map((frame) => frame?.$case)).toEqual(frames.map((frame) => frame.kind));
      const bodies = read.flatMap((frame) => (frame?.$case === "call" ? [frame.value.request] : []));
      expect(bodies.map((body) => Buffer.from(body))).toEqual(
        frames.flatMap((frame) => (frame.kind === "call" ? [frame.request] : [])),
      );
    }),
  );
});

test("a request is a part of the message, not a copy", () => {
  const message = encodeClientFrames([
    {
      kind: "call",
      id: 7,
      request: Buffer.from("body"),
      timeoutMs: 0,
      traceparent: "",
      stream: false,
      credit: 0,
    },
  ]);
  const [frame] = decode(message);
  expect(frame?.kind === "call" && frame.request.buffer === message.buffer).toBe(true);
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

test("a good message with one byte changed is read, or refused with a typed error", () => {
  fc.assert(
    fc.property(
      fc.array(clientFrame, { minLength: 1, maxLength: 4 }),
      fc.nat(),
      fc.nat(255),
      (frames, at, byte) => {
        const message = encodeClientFrames(frames);
        message[at % message.length] = byte;
        try {
          decode(message);
        } catch (error) {
          expect(error).toBeInstanceOf(StatusError);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test("a frame of a later version is told apart and does not hide the next", () => {
  const later = Buffer.from([0x0a, 0x04, 0x7a, 0x02, 0x08, 0x01]);
  const known = encodeClientFrames([{ kind: "cancel", id: 3 }]);
  expect(decode(Buffer.concat([later, known]))).toEqual([{ kind: "unknown" }, { kind: "cancel", id: 3 }]);
});

test("an id beyond 2^53 is refused", () => {
  const message = SessionRequest.encode(
    SessionRequest.create({ frames: [{ frame: { $case: "cancel", value: { id: 2n ** 63n } } }] }),
  );
  let caught: unknown;
  try {
    decode(Buffer.from(message.finish()));
  } catch (error) {
    caught = error;
  }
  expect(caught instanceof StatusError && reasonOf(caught.status)).toBe("MALFORMED_MESSAGE");
});

test("`received` stands beside the frames, or alone", () => {
  fc.assert(
    fc.property(fc.array(clientFrame, { maxLength: 3 }), id, (frames, received) => {
      const seen: unknown[] = [];
      expect(decodeClientFrames(encodeClientFrames(frames, received), (frame) => seen.push(frame))).toBe(
        received,
      );
      expect(seen).toEqual(frames);
    }),
  );
});
