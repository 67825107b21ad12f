import type { Call, Pin } from "../calls/call.ts";

/** Ids of callbacks on the link; those of calls are below. */
export const FIRST_CALLBACK = 2 ** 31;
/** u32 session, u32 call, u64 function. */
export const CALLBACK_BYTES = 16;
/** u32 session, u64 the client's id of the call, u8 flags, u32 credit. */
const SESSION_CALL_BYTES = 17;
const STREAMED = 1;
const CHUNKED = 2;

/** What stands before the CallRequest of a session's call. */
export function sessionCallHeader(call: Call, pin: Pin): Buffer {
  const header = Buffer.allocUnsafe(SESSION_CALL_BYTES);
  header.writeUInt32LE(pin.session, 0);
  header.writeBigUInt64LE(BigInt(call.id), 4);
  header[12] = (call.flow === undefined ? 0 : STREAMED) | (pin.transfer === undefined ? 0 : CHUNKED);
  header.writeUInt32LE(call.flow?.grant() ?? 0, 13);
  return header;
}

/** Whose callback it is, and which function of the client's. */
export function callbackHeader(payload: Buffer, at: number): { session: number; callee: number } {
  return { session: payload.readUInt32LE(at), callee: Number(payload.readBigUInt64LE(at + 8)) };
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32LE(value, 0);
  return bytes;
}

export function uint64(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64LE(BigInt(value), 0);
  return bytes;
}
