import type { PodLoad } from "../pod-backend.ts";

/** The pod's report of its load; undefined for another message. What a pod sends is not trusted. */
export function parseLoad(message: unknown): PodLoad | undefined {
  if (typeof message !== "object" || message === null || !("type" in message) || message.type !== "load")
    return undefined;
  if (!("calls" in message) || !("sessions" in message)) return undefined;
  const { calls, sessions } = message;
  return isCount(calls) && isCount(sessions) ? { calls, sessions } : undefined;
}

/** The bytes that a pod holds which has just been parked; undefined for another message. */
export function parseParked(message: unknown): number | undefined {
  if (typeof message !== "object" || message === null || !("type" in message) || message.type !== "parked")
    return undefined;
  const bytes = "bytes" in message ? message.bytes : undefined;
  return typeof bytes === "number" && Number.isFinite(bytes) && bytes >= 0 ? bytes : 0;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 31;
}
