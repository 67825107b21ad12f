import type { PodLoad } from "../pod-backend.ts";

/** The pod's report of its load; undefined for another message. What a pod sends is not trusted. */
export function parseLoad(message: unknown): PodLoad | undefined {
  if (typeof message !== "object" || message === null || !("type" in message) || message.type !== "load")
    return undefined;
  if (!("calls" in message) || !("sessions" in message)) return undefined;
  const { calls, sessions } = message;
  return isCount(calls) && isCount(sessions) ? { calls, sessions } : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 31;
}
