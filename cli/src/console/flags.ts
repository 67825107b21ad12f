import { InvalidArgumentError } from "commander";

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`);
  };
}

/** Seconds, or with a unit: "5", "250ms", "2m"; as milliseconds. */
export function timeSpan(text: string): number {
  const [, number = "", unit = ""] = /^(\d{1,7}(?:\.\d{1,3})?)(ms|s|m|h|)$/.exec(text) ?? [];
  const ms = Number(number) * ({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit || "s"] ?? 0);
  if (number === "" || ms < 1 || ms > 2 ** 31 - 1) {
    throw new InvalidArgumentError("It is a time such as 250ms, 5s or 2m.");
  }
  return Math.round(ms);
}

/** An option that may be repeated. */
export function collect(text: string, earlier: readonly string[] = []): string[] {
  return [...earlier, text];
}
