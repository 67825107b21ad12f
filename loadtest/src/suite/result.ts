import type { Chart } from "./svg-chart.ts";

/** One line of measured values, by their names with units. */
export type Measured = Readonly<Record<string, number | string>>;

/** A value with the bound that it must keep. `ratio`: to the control of the same run, so that it may be compared with other runs. */
export interface Gate {
  readonly what: string;
  readonly value: number;
  readonly bound: number;
  readonly is: "at least" | "at most";
  readonly kind: "ratio" | "absolute";
}

export interface Result {
  readonly rows: readonly Measured[];
  readonly gates: readonly Gate[];
  readonly charts?: readonly Chart[];
  /** What a reader must know besides. */
  readonly notes?: readonly string[];
}

export interface ScenarioReport extends Partial<Result> {
  readonly name: string;
  readonly about: string;
  readonly seconds: number;
  /** Why it has no result. */
  readonly error?: string;
}

export function holds({ value, bound, is }: Gate): boolean {
  return is === "at least" ? value >= bound : value <= bound;
}

export function passes({ error, gates = [] }: ScenarioReport): boolean {
  return error === undefined && gates.every(holds);
}
