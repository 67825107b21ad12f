import { type Environment, table } from "../report.ts";
import type { Regression } from "./history.ts";
import { gateRow, measuredRows, regressionRows } from "./render-html.ts";
import { passes, type ScenarioReport } from "./result.ts";

/** The report without its charts. */
export function renderText(
  environment: Environment,
  reports: readonly ScenarioReport[],
  worse: readonly Regression[],
): string {
  const { time, commit, cpu, cores, memoryGiB, kernel, loadBefore, node, envoy, ghz } = environment;
  const busy = loadBefore > cores / 2 ? " (the machine was busy: measure again)" : "";
  return [
    `Podule under load, ${time}, commit ${commit}`,
    `${cpu}, ${cores} cores, ${memoryGiB} GiB, Linux ${kernel}, load before: ${loadBefore.toFixed(1)}${busy}`,
    `Node ${node}, ${envoy}, ${ghz}; the load comes from the same machine`,
    ...reports.flatMap((report) => ["", ...section(report)]),
    ...(worse.length === 0
      ? []
      : ["", "Worse by more than a tenth than the runs before:", ...table(regressionRows(worse))]),
    "",
    `${reports.filter(passes).length} of ${reports.length} scenarios keep their bounds`,
    "",
  ].join("\n");
}

function section({
  name,
  about,
  seconds,
  rows = [],
  gates = [],
  notes = [],
  error,
}: ScenarioReport): string[] {
  return [
    `${name} (${seconds.toFixed(0)} s): ${about}`,
    ...(error === undefined ? [] : [`  FAILED: ${error}`]),
    ...(rows.length === 0 ? [] : table(measuredRows(rows)).map((line) => `  ${line}`)),
    ...notes.map((note) => `  ${note}`),
    ...(gates.length === 0
      ? []
      : table([["bound", "", "measured", ""], ...gates.map(gateRow)]).map((line) => `  ${line}`)),
  ];
}
