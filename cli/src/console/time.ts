import type { Timestamp } from "@podule/proto/google/protobuf/timestamp.ts";

export function toDate({ seconds, nanos }: Timestamp): Date {
  return new Date(Number(seconds) * 1000 + nanos / 1e6);
}

/** "12s", "4m", "3h", "9d"; "-" for no time. */
export function age(time: Timestamp | undefined, now: number): string {
  if (time === undefined) return "-";
  const seconds = Math.max(0, Math.floor((now - toDate(time).getTime()) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 120 * 60) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
