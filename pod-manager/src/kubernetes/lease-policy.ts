/** What a Lease says. */
export interface LeaseRecord {
  /** "": it was given back. */
  readonly holder: string;
  readonly durationMs: number;
  readonly acquireTime: string;
  /** Only compared with itself: clocks of others are not trusted. */
  readonly renewTime: string;
  readonly transitions: number;
  readonly resourceVersion: string;
}

/** A record, and when this replica first saw it as it is, by its own clock. */
export interface Observed {
  readonly record: LeaseRecord;
  readonly at: number;
}

export type Move =
  | { readonly kind: "create" }
  | { readonly kind: "renew"; readonly record: LeaseRecord }
  | { readonly kind: "take"; readonly record: LeaseRecord }
  /** Others hold it; it cannot be free before `ms` have passed. */
  | { readonly kind: "wait"; readonly ms: number };

/** The same record as before keeps the time at which it was first seen. */
export function observe(before: Observed | undefined, record: LeaseRecord, now: number): Observed {
  const same =
    before !== undefined &&
    before.record.holder === record.holder &&
    before.record.renewTime === record.renewTime &&
    before.record.transitions === record.transitions;
  return same ? { record, at: before.at } : { record, at: now };
}

/** A lease is free when it was given back, or was not renewed for its duration while this replica looked on. */
export function nextMove(me: string, observed: Observed | undefined, now: number): Move {
  if (observed === undefined) return { kind: "create" };
  const { record, at } = observed;
  if (record.holder === me) return { kind: "renew", record };
  const left = at + record.durationMs - now;
  if (record.holder === "" || left <= 0) return { kind: "take", record };
  return { kind: "wait", ms: left };
}
