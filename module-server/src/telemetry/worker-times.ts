import type { CallRecord } from "@podule/telemetry";

const BYTES = 36;
const NS_PER_MS = 1e6;

/**
 * The payload of TIMES: u64 nanoseconds since 1970 when the worker began the call; then u64 nanoseconds that it has decoded, run and
 * encoded; u32 items of a stream.
 */
export function readWorkerTimes(record: CallRecord, payload: Buffer): void {
  if (payload.length < BYTES) return;
  record.workerStart = Number(payload.readBigUInt64LE(0)) / NS_PER_MS;
  record.decodeMs = Number(payload.readBigUInt64LE(8)) / NS_PER_MS;
  record.runMs = Number(payload.readBigUInt64LE(16)) / NS_PER_MS;
  record.encodeMs = Number(payload.readBigUInt64LE(24)) / NS_PER_MS;
  record.items = payload.readUInt32LE(32);
}
