import type { Timestamp } from "@podule/proto/google/protobuf/timestamp.ts";

export function timestampOf(ms: number): Timestamp {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: Math.round(ms % 1000) * 1_000_000 };
}
