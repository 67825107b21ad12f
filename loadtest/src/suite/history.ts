import { appendFile, readFile } from "node:fs/promises";
import type { ScenarioReport } from "./result.ts";

/** A ratio of an earlier run. */
export interface Past {
  readonly time: string;
  readonly commit: string;
  readonly scenario: string;
  readonly gate: string;
  readonly ratio: number;
}

export interface Regression {
  readonly scenario: string;
  readonly gate: string;
  readonly ratio: number;
  readonly before: number;
}

const WORSE = 0.1;
const COMPARED = 5;

/** Ratios that are more than a tenth worse than the median of the last five runs. */
export function regressions(
  reports: readonly ScenarioReport[],
  past: readonly Past[],
): readonly Regression[] {
  const found: Regression[] = [];
  for (const { name, gates = [] } of reports)
    for (const { what, value, kind, is } of gates) {
      const earlier = past
        .filter(({ scenario, gate }) => scenario === name && gate === what)
        .slice(-COMPARED);
      if (kind !== "ratio" || earlier.length === 0) continue;
      const sorted = earlier.map(({ ratio }) => ratio).sort((a, b) => a - b);
      const before = sorted[Math.floor(sorted.length / 2)] ?? value;
      const isWorse = is === "at least" ? value < before * (1 - WORSE) : value > before * (1 + WORSE);
      if (isWorse) found.push({ scenario: name, gate: what, ratio: value, before });
    }
  return found;
}

export function ratiosOf(reports: readonly ScenarioReport[], time: string, commit: string): readonly Past[] {
  return reports.flatMap(({ name, gates = [] }) =>
    gates
      .filter(({ kind }) => kind === "ratio")
      .map(({ what, value }) => ({ time, commit, scenario: name, gate: what, ratio: value })),
  );
}

/** The history's file has a line of JSON for each ratio; lines that are none are passed over. */
export async function readHistory(file: string): Promise<readonly Past[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => {
    const past = parsePast(line);
    return past === undefined ? [] : [past];
  });
}

export async function addHistory(file: string, ratios: readonly Past[]): Promise<void> {
  await appendFile(file, ratios.map((one) => `${JSON.stringify(one)}\n`).join(""));
}

export function parsePast(line: string): Past | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed !== "object" || parsed === null) return undefined;
    const text = (name: string) => String(Reflect.get(parsed, name));
    const ratio: unknown = Reflect.get(parsed, "ratio");
    if (typeof ratio !== "number") return undefined;
    return {
      time: text("time"),
      commit: text("commit"),
      scenario: text("scenario"),
      gate: text("gate"),
      ratio,
    };
  } catch {
    return undefined;
  }
}
