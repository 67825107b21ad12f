import type { TraceSpan } from "@podule/proto/podule/v1/traces.ts";

export interface Row {
  readonly depth: number;
  readonly label: string;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly error: string;
}

/** Where a span is shown whose parent is not there. */
const RANKS = ["podule-manager", "podule-module-server", "podule-worker"];
const PHASES = ["decode", "run", "encode"] as const;

/** In the order of a tree: each span behind its parent, those of one parent by their start. */
export function rowsOf(spans: readonly TraceSpan[]): Row[] {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const children = Map.groupBy(spans, ({ parentSpanId }) => (known.has(parentSpanId) ? parentSpanId : ""));
  const seen = new Set<TraceSpan>();
  const rows: Row[] = [];
  const add = (parent: string, depth: number): void => {
    for (const span of (children.get(parent) ?? []).toSorted((a, b) => startOf(a) - startOf(b))) {
      // Ids are the parts' words: a circle is shown once.
      if (seen.has(span)) continue;
      seen.add(span);
      const at = parent === "" ? Math.max(0, RANKS.indexOf(span.service)) : depth;
      rows.push(rowOf(span, at), ...phasesOf(span, at + 1));
      if (span.spanId !== "") add(span.spanId, at + 1);
    }
  };
  add("", 0);
  for (const span of spans) {
    if (seen.has(span)) continue;
    seen.add(span);
    rows.push(rowOf(span, 0), ...phasesOf(span, 1));
    add(span.spanId, 1);
  }
  return rows;
}

function rowOf(span: TraceSpan, depth: number): Row {
  const start = startOf(span);
  const label = `${span.service.replace("podule-", "")} ${span.name.replace("podule.v1.", "")}`;
  return { depth, label, start, end: start + msOf(span.duration), error: span.error };
}

/** A worker's own phases follow each other; those of a stream are mixed, and told as sums. */
function phasesOf(span: TraceSpan, depth: number): Row[] {
  let at = startOf(span);
  return PHASES.flatMap((phase) => {
    const seconds = Number(span.attributes.get(`podule.${phase}.duration`) ?? "");
    if (!(seconds > 0)) return [];
    const start = at;
    at += seconds * 1000;
    return [{ depth, label: phase, start, end: at, error: "" }];
  });
}

function startOf({ startTime }: TraceSpan): number {
  return msOf(startTime);
}

function msOf(time: { readonly seconds: bigint; readonly nanos: number } | undefined): number {
  return time === undefined ? 0 : Number(time.seconds) * 1000 + time.nanos / 1e6;
}
