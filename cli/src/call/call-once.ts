import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { CallRequest, CallResponse } from "@podule/proto/podule/v1/calls.ts";
import { PoduleError } from "../client/podule.ts";

const PAUSES_MS = [100, 400, 1600];

export type OnceRequest = Omit<CallRequest, "requestId" | "retry">;

/** How it is sent; `timeoutMs`: what is left of its time. */
export type Send = (request: CallRequest, timeoutMs: number | undefined) => Promise<CallResponse>;

/**
 * A unary call that is sent again when its connection breaks, under the same request_id: it runs once, and whichever is answered has its answer.
 * Within `timeoutMs` in all.
 */
export async function callOnce(
  send: Send,
  request: OnceRequest,
  timeoutMs: number | undefined,
  signal: AbortSignal | undefined,
): Promise<CallResponse> {
  const requestId = randomUUID();
  const due = timeoutMs === undefined ? undefined : performance.now() + timeoutMs;
  for (let attempt = 0; ; attempt++) {
    const left = due === undefined ? undefined : Math.max(1, Math.ceil(due - performance.now()));
    try {
      return await send({ ...request, requestId, retry: attempt > 0 }, left);
    } catch (error) {
      const pause = PAUSES_MS[attempt];
      const broken = error instanceof PoduleError && error.code === "UNAVAILABLE";
      if (!broken || pause === undefined || (left !== undefined && left <= pause)) throw error;
      await sleep(pause, undefined, signal === undefined ? {} : { signal });
    }
  }
}
