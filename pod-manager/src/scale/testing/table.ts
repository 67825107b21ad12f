import { scalingSettings } from "../settings.ts";
import { knativeScaler } from "./knative.ts";
import { poduleScaler } from "./podule.ts";
import { type Outcome, simulate } from "./simulate.ts";
import { traces } from "./traces.ts";

const settings = { ...scalingSettings(undefined), maxPods: 100 };

/** The outcomes of all traces beside those of Knative's formula, as a table in Markdown. */
export function comparison(): string {
  const rows = Object.entries(traces).flatMap(([name, trace]) => [
    row(name, "Podule", simulate(trace, poduleScaler(settings))),
    row("", "Knative", simulate(trace, knativeScaler(settings))),
  ]);
  return [
    "| calls | autoscaler | most pods | ideal | pod seconds over | pod seconds under | waited, call seconds | changes |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

function row(trace: string, who: string, outcome: Outcome): string {
  const most = (pods: readonly number[]) => Math.max(...pods);
  const { over, under, waited, changes, pods, ideal } = outcome;
  const cells = [trace, who, most(pods), most(ideal), over, under, Math.round(waited), changes];
  return `| ${cells.join(" | ")} |`;
}
