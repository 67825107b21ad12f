export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Tests that did not run because the machine lacks something. */
  readonly skipped: number;
}

/** What a step found. */
export interface Result extends Counts {
  /** The failed tests, a line each. */
  readonly failures?: readonly string[];
  /** Tests that failed and then passed, a line each. */
  readonly unsteady?: readonly string[];
}

export interface Outcome {
  readonly title: string;
  readonly counts: Result;
  readonly ms: number;
  /** Why a whole step did not run. */
  readonly skippedWhy?: string;
}

export const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };

/** A check without tests of its own counts as one. */
export function one(passed: boolean): Counts {
  return passed ? { ...NONE, passed: 1 } : { ...NONE, failed: 1 };
}

/** With `strict` whatever was skipped has failed. */
export function total(outcomes: readonly Outcome[], strict: boolean): Counts {
  const sum = (key: keyof Counts) => outcomes.reduce((all, { counts }) => all + counts[key], 0);
  const skipped = sum("skipped");
  return { passed: sum("passed"), failed: sum("failed") + (strict ? skipped : 0), skipped };
}

/** A number of things out of a report that may say anything. */
export function count(value: unknown): number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : 0;
}
