import { table } from "../console/table.ts";

/** One thing that was looked at. */
export interface Finding {
  readonly what: string;
  /** `fail`: Podule cannot work so; `note`: worth knowing. */
  readonly state: "ok" | "note" | "fail";
  readonly found: string;
  /** What to do about it. */
  readonly advice?: string;
}

export function findingsText(findings: readonly Finding[]): string {
  const advice = findings.flatMap(({ what, advice: text }) =>
    text === undefined ? [] : [`${what}: ${text}`],
  );
  const body = table(
    ["", "WHAT", "FOUND"],
    findings.map(({ state, what, found }) => [state, what, found]),
  );
  return advice.length === 0 ? body : `${body}\nWhat to do\n${advice.map((line) => `  ${line}\n`).join("")}`;
}
