import type { Environment } from "../report.ts";
import { judge, type Measured, type Verdict } from "./judge.ts";

/** `skipped`: peers that could not run, a line each. */
export function renderSessions(
  environment: Environment,
  measured: Measured,
  skipped: readonly string[],
): string {
  const { rows, faults } = measured;
  const speed = rows.map((row) => [
    row.scenario,
    `${row.inFlight}`,
    row.subject,
    row.callsPerSecond.toFixed(row.callsPerSecond < 100 ? 1 : 0),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
    `${row.failed}`,
  ]);
  const struck = faults.map((one) => [
    one.fault,
    `${one.sent}`,
    `${one.answered}`,
    `${one.failedTyped}`,
    `${one.twice}`,
    `${one.unaccounted}`,
    one.backMs === undefined ? "-" : one.backMs.toFixed(0),
    Object.entries(one.reasons)
      .map(([reason, count]) => `${reason} ${count}`)
      .join(", "),
  ]);
  const verdicts = judge(measured).map((one) => [one.claim, one.measured, words(one)]);
  return [
    "Sessions: Podule's TypeScript client through Envoy, beside peers on the same machine",
    `${environment.time}, commit ${environment.commit}`,
    `${environment.cpu}, ${environment.cores} cores, ${environment.memoryGiB} GiB, Linux ${environment.kernel}, load before: ${environment.loadBefore.toFixed(1)}`,
    `Node ${environment.node}, ${environment.envoy}; grpcio is driven from Node by nice-grpc, RPyC, Pyro5 and Ray by their own clients in Python`,
    ...skipped.map((line) => `skipped: ${line}`),
    "",
    ...columns([["scenario", "in flight", "subject", "calls/s", "p50 ms", "p99 ms", "failed"], ...speed]),
    "",
    ...columns([
      ["fault", "sent", "answered", "failed typed", "twice", "unaccounted", "back after ms", "reasons"],
      ...struck,
    ]),
    "",
    ...columns([["expected", "measured", ""], ...verdicts]),
    "",
  ].join("\n");
}

function words({ holds }: Verdict): string {
  return holds === undefined ? "open" : holds ? "holds" : "DOES NOT HOLD";
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, n) => Math.max(...rows.map((row) => (row[n] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, n) => cell.padEnd(widths[n] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
