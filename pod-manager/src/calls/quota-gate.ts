import type { CallQuotas } from "./quotas.ts";
import type { Load } from "./route.ts";

/** A quota that one more would go beyond, by its name in `Quotas`. */
export interface Excess {
  readonly quota: string;
  readonly limit: number;
  readonly used: number;
  /** Whose, where it is a quota of each caller. */
  readonly caller?: string;
}

interface Count {
  total: number;
  /** Kept only where there is a quota of each caller; none has a zero. */
  readonly byCaller: Map<string, number>;
}

const newCount = (): Count => ({ total: 0, byCaller: new Map() });

/** Counts what goes on with one module, where a quota asks for it. */
export class QuotaGate {
  readonly #counts: Readonly<Record<Load, Count>> = { call: newCount(), session: newCount() };
  #quotas: CallQuotas;
  #isOpen = { call: false, session: false };

  constructor(quotas: CallQuotas) {
    this.#quotas = quotas;
    this.quotas = quotas;
  }

  get quotas(): CallQuotas {
    return this.#quotas;
  }

  set quotas(quotas: CallQuotas) {
    this.#quotas = quotas;
    const { calls, callsPerCaller, sessions, sessionsPerCaller } = quotas;
    const isNone = (...limits: number[]) => limits.every((limit) => limit === Number.POSITIVE_INFINITY);
    this.#isOpen = { call: isNone(calls, callsPerCaller), session: isNone(sessions, sessionsPerCaller) };
  }

  /** Whether nothing of this kind has to be counted. Asked for each call. */
  isOpen(load: Load): boolean {
    return this.#isOpen[load];
  }

  /** Lets one more in and returns what to call, once or more often, when it has ended; or says what it would go beyond. */
  enter(load: Load, caller: () => string): (() => void) | Excess {
    const count = this.#counts[load];
    const { total, perCaller } = this.#limits(load);
    if (count.total >= total) return { quota: `max_${load}s`, limit: total, used: count.total };
    const name = perCaller === Number.POSITIVE_INFINITY ? undefined : caller();
    const own = name === undefined ? 0 : (count.byCaller.get(name) ?? 0);
    if (name !== undefined && own >= perCaller)
      return { quota: `max_${load}s_per_caller`, limit: perCaller, used: own, caller: name };
    count.total += 1;
    if (name !== undefined) count.byCaller.set(name, own + 1);
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      count.total -= 1;
      if (name === undefined) return;
      const left = (count.byCaller.get(name) ?? 1) - 1;
      if (left > 0) count.byCaller.set(name, left);
      else count.byCaller.delete(name);
    };
  }

  #limits(load: Load): { readonly total: number; readonly perCaller: number } {
    const { calls, callsPerCaller, sessions, sessionsPerCaller } = this.#quotas;
    return load === "call"
      ? { total: calls, perCaller: callsPerCaller }
      : { total: sessions, perCaller: sessionsPerCaller };
  }
}
