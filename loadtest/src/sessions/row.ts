/** One measurement of one subject. */
export interface Row {
  readonly subject: string;
  readonly scenario: string;
  readonly inFlight: number;
  readonly calls: number;
  readonly failed: number;
  readonly callsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A line that a peer prints; undefined where it is another one. */
export function parseRow(subject: string, line: string): Row | undefined {
  if (!line.startsWith("{")) return undefined;
  const parsed: unknown = JSON.parse(line);
  const field = (name: string): unknown =>
    typeof parsed === "object" && parsed !== null ? Reflect.get(parsed, name) : undefined;
  const number = (name: string): number => {
    const value = field(name);
    if (typeof value !== "number") throw new Error(`${subject} measured no ${name}: ${line}`);
    return value;
  };
  const scenario = field("scenario");
  if (typeof scenario !== "string") throw new Error(`${subject} names no scenario: ${line}`);
  return {
    subject,
    scenario,
    inFlight: number("inFlight"),
    calls: number("calls"),
    failed: number("failed"),
    callsPerSecond: number("callsPerSecond"),
    p50Ms: number("p50Ms"),
    p99Ms: number("p99Ms"),
  };
}
