import type { Exemplar, Labels, Snapshot } from "./registry.ts";

export const CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const UNITS: Readonly<Record<string, string>> = { s: "seconds", By: "bytes" };

/** OpenMetrics 1.0, with exemplars; names as OpenTelemetry's Prometheus compatibility has them. */
export function openMetrics(snapshots: readonly Snapshot[]): string {
  return `${snapshots.flatMap(family).join("\n")}\n# EOF\n`;
}

function family(snapshot: Snapshot): string[] {
  const name = metricName(snapshot.name, snapshot.unit);
  const unit = UNITS[snapshot.unit];
  const head = [
    `# TYPE ${name} ${snapshot.kind}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escaped(snapshot.help)}`,
  ];
  if (snapshot.kind !== "histogram")
    return [
      ...head,
      ...snapshot.points.map(
        ({ labels, value }) =>
          `${name}${snapshot.kind === "counter" ? "_total" : ""}${braces(labels)} ${value}`,
      ),
    ];
  const { bounds } = snapshot;
  return [
    ...head,
    ...snapshot.points.flatMap(({ labels, counts, exemplars, sum, count }) => {
      let below = 0;
      const buckets = counts.map((number, i) => {
        below += number;
        const le = i < bounds.length ? String(bounds[i]) : "+Inf";
        return `${name}_bucket${braces({ ...labels, le })} ${below}${exemplarOf(exemplars[i])}`;
      });
      return [...buckets, `${name}_count${braces(labels)} ${count}`, `${name}_sum${braces(labels)} ${sum}`];
    }),
  ];
}

/** "rpc.server.call.duration" in s: "rpc_server_call_duration_seconds". */
export function metricName(name: string, unit: string): string {
  const plain = name.replace(/[^a-zA-Z0-9]+/g, "_");
  const suffix = UNITS[unit];
  return suffix === undefined || plain.endsWith(`_${suffix}`) ? plain : `${plain}_${suffix}`;
}

function exemplarOf(exemplar: Exemplar | undefined): string {
  if (exemplar === undefined) return "";
  return ` # {trace_id="${exemplar.traceId}"} ${exemplar.value} ${(exemplar.at / 1000).toFixed(3)}`;
}

function braces(labels: Labels): string {
  const entries = Object.entries(labels);
  if (entries.length === 0) return "";
  return `{${entries.map(([name, value]) => `${name.replace(/[^a-zA-Z0-9]+/g, "_")}="${escaped(value)}"`).join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
