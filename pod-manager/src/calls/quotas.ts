import type { Quotas } from "@podule/proto/podule/v1/modules.ts";

/** What may go on at once with one module; Infinity for no limit. */
export interface CallQuotas {
  readonly calls: number;
  readonly waitingCalls: number;
  readonly sessions: number;
  readonly callsPerCaller: number;
  readonly waitingCallsPerCaller: number;
  readonly sessionsPerCaller: number;
}

/** A module's quotas over the manager's own. */
export function callQuotas(quotas: Quotas | undefined, defaults: CallQuotas): CallQuotas {
  if (quotas === undefined) return defaults;
  return {
    calls: quotas.maxCalls || defaults.calls,
    waitingCalls: quotas.maxWaitingCalls || defaults.waitingCalls,
    sessions: quotas.maxSessions || defaults.sessions,
    callsPerCaller: quotas.maxCallsPerCaller || defaults.callsPerCaller,
    waitingCallsPerCaller: quotas.maxWaitingCallsPerCaller || defaults.waitingCallsPerCaller,
    sessionsPerCaller: quotas.maxSessionsPerCaller || defaults.sessionsPerCaller,
  };
}
