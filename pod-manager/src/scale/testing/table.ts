import { scalingSettings } from "../settings.ts";
import { knativeScaler } from "./knative.ts";
import { poduleScaler } from "./podule.ts";
import { type Outcome, simulate } from "./simulate.ts";
import { traces, week } from "./traces.ts";

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

/** A week of calls by day, in pod hours beside the ideal and beside the pods of its busiest time left running, as a table in Markdown. */
export function weekComparison(): string {
  const hours = (pods: readonly number[]) => pods.reduce((sum, each) => sum + each, 0) / 3600;
  const outcomes = [
    ["Podule", simulate(week, poduleScaler(settings))],
    ["Knative", simulate(week, knativeScaler(settings))],
  ] as const;
  const [[, { ideal }]] = outcomes;
  const busiest = ideal.reduce((most, pods) => Math.max(most, pods), 0);
  const always = busiest * (week.seconds / 3600);
  return [
    "| autoscaler | pod hours | of the ideal | of the busiest time's pods, always | waited, ms a call | changes |",
    "| --- | --- | --- | --- | --- | --- |",
    ...outcomes.map(([who, { pods, waited, begun, changes }]) => {
      const used = hours(pods);
      const shares = [used / hours(ideal), used / always].map((share) => share.toFixed(2));
      return `| ${[who, Math.round(used), ...shares, ((waited / begun) * 1000).toFixed(1), changes].join(" | ")} |`;
    }),
  ].join("\n");
}
