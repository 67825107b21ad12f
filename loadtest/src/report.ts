import type { Outcome } from "./ghz.ts";

export interface Environment {
  readonly time: string;
  readonly commit: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** Processes that wanted to run in the minute before, on average: of an idle machine about 0. */
  readonly loadBefore: number;
  readonly node: string;
  readonly envoy: string;
  readonly ghz: string;
}

/** One run of one side. `cpuMicroseconds`: what each process spent on a call. */
export interface Round extends Outcome {
  readonly side: "podule" | "grpcio";
  readonly concurrency: number;
  readonly connections: number;
  readonly seconds: number;
  readonly cpuMicroseconds: Readonly<Record<string, number>>;
}

export interface Summary {
  /** Calls a second of Podule behind Envoy over those of the grpcio server reached directly. */
  readonly callsRatio: number;
  /** CPU of all of Podule's processes for one call, in µs. */
  readonly cpuMicroseconds: number;
  readonly failed: number;
}

const EXPECTED = { callsRatio: 1.5, cpuMicroseconds: 170 };

/** The loaded rounds decide (the highest concurrency); medians, so that one disturbed round does not. */
export function summarize(rounds: readonly Round[]): Summary {
  const concurrency = Math.max(...rounds.map((round) => round.concurrency));
  const loaded = (side: string) => rounds.filter((r) => r.side === side && r.concurrency === concurrency);
  const calls = (side: string) => median(loaded(side).map((round) => round.callsPerSecond));
  const cpu = loaded("podule").map((round) => sum(Object.values(round.cpuMicroseconds)));
  return {
    callsRatio: calls("podule") / calls("grpcio"),
    cpuMicroseconds: median(cpu),
    failed: sum(rounds.map((round) => round.failed)),
  };
}

export function meetsExpectation(summary: Summary): boolean {
  return (
    summary.failed === 0 &&
    summary.callsRatio >= EXPECTED.callsRatio &&
    summary.cpuMicroseconds <= EXPECTED.cpuMicroseconds
  );
}

export function renderReport(environment: Environment, rounds: readonly Round[]): string {
  const summary = summarize(rounds);
  const machine = `${environment.cpu}, ${environment.cores} cores, ${environment.memoryGiB} GiB, Linux ${environment.kernel}`;
  const head = ["side", "c", "calls/s", "p50 ms", "p99 ms", "failed", "CPU µs per call"];
  const rows = rounds.map((round) => [
    round.side,
    `${round.concurrency}`,
    round.callsPerSecond.toFixed(0),
    round.p50Ms.toFixed(2),
    round.p99Ms.toFixed(2),
    `${round.failed}`,
    Object.entries(round.cpuMicroseconds)
      .map(([name, us]) => `${name} ${us.toFixed(0)}`)
      .join(", "),
  ]);
  return [
    "operator.add(1, 2): Podule through Envoy beside a Python grpcio server (16 threads) reached directly",
    `${environment.time}, commit ${environment.commit}`,
    machine,
    `load before: ${environment.loadBefore.toFixed(1)}${environment.loadBefore > environment.cores / 2 ? " (the machine was busy: measure again)" : ""}`,
    `Node ${environment.node}, ${environment.envoy}, ${environment.ghz}; the load comes from the same machine`,
    "",
    ...table([head, ...rows]),
    "",
    `calls: ${summary.callsRatio.toFixed(2)} times grpcio (expected: at least ${EXPECTED.callsRatio})`,
    `CPU:   ${summary.cpuMicroseconds.toFixed(0)} µs per call in all (expected: at most ${EXPECTED.cpuMicroseconds})`,
    `failed calls: ${summary.failed}`,
    "",
  ].join("\n");
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const numeric = column > 0 && column < row.length - 1;
        return numeric ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
      })
      .join("  ")
      .trimEnd(),
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}
