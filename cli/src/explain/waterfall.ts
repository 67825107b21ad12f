import type { Trace, TraceSpan } from "@podule/proto/podule/v1/traces.ts";
import { type Row, rowsOf } from "./rows.ts";

const LEAST_BAR = 20;
const MOST_BAR = 60;
const FULL = "█";
const TIME_WIDTH = 10;

/** Of a `Trace`: a line a span, indented below what it is part of, with a bar for when it was. */
export function waterfall(trace: Trace, columns: number): string {
  const rows = rowsOf(trace.spans);
  const [first] = rows;
  if (first === undefined) return "No spans\n";
  const begin = Math.min(...rows.map(({ start }) => start));
  const end = Math.max(...rows.map((row) => row.end));
  const labels = rows.map(({ depth, label }) => `${"  ".repeat(depth)}${label}`);
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const barWidth = Math.min(MOST_BAR, Math.max(LEAST_BAR, columns - labelWidth - TIME_WIDTH - 3));
  const lines = rows.map((row, i) => {
    const bar = barOf(row, begin, end, barWidth);
    return `${(labels[i] ?? "").padEnd(labelWidth)}  ${bar.padEnd(barWidth)} ${duration(row.end - row.start).padStart(TIME_WIDTH)}`;
  });
  const head = [`trace ${trace.traceId}`, new Date(begin).toISOString(), duration(end - begin)];
  const errors = rows.filter(({ error }) => error !== "").map(({ label, error }) => `${label}: ${error}`);
  const notes = factsOf(trace.spans);
  return printable(
    `${[head.join("  "), ...notes, "", ...lines, ...(errors.length > 0 ? ["", ...new Set(errors)] : [])].join("\n")}\n`,
  );
}

function barOf({ start, end }: Row, begin: number, last: number, width: number): string {
  const scale = width / Math.max(last - begin, 1e-6);
  const from = Math.min(width - 1, Math.floor((start - begin) * scale));
  const until = Math.min(width, Math.max(from + 1, Math.round((end - begin) * scale)));
  return `${" ".repeat(from)}${FULL.repeat(until - from)}`;
}

/** What was called, and what came of it. */
function factsOf(spans: readonly TraceSpan[]): string[] {
  const named = spans.find(({ attributes }) => attributes.has("rpc.method"));
  if (named === undefined) return [];
  const attribute = (name: string) =>
    spans.map(({ attributes }) => attributes.get(name)).find((value) => value !== undefined) ?? "";
  const callee = attribute("podule.function");
  const facts = [
    ["module", attribute("podule.module")],
    ["function", callee],
    ["pod", attribute("podule.pod")],
    ["status", attribute("rpc.response.status_code")],
    ["reason", attribute("podule.reason")],
  ];
  return facts.filter(([, value]) => value !== "").map(([name, value]) => `${name}: ${value}`);
}

export function duration(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  if (ms >= 1) return `${ms.toFixed(1)} ms`;
  return `${Math.round(ms * 1000)} µs`;
}

/** Others' words may hold escape sequences, which a terminal would obey. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}--[\n\t]]/gv, "\u{fffd}");
}
