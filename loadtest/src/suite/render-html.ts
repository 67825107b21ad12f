import type { Environment } from "../report.ts";
import type { Regression } from "./history.ts";
import { type Gate, holds, type Measured, passes, type ScenarioReport } from "./result.ts";
import { escapeXml, svgChart } from "./svg-chart.ts";

const STYLE =
  "body{font:14px sans-serif;max-width:60em;margin:2em auto}table{border-collapse:collapse;margin:.5em 0}" +
  "td,th{padding:.2em .7em;border-bottom:1px solid #ddd;text-align:right}td:first-child,th:first-child{text-align:left}.no{color:#b00020;font-weight:bold}";

/** The whole report as one page that needs nothing else. */
export function renderHtml(
  environment: Environment,
  reports: readonly ScenarioReport[],
  worse: readonly Regression[],
): string {
  const facts = Object.entries(environment).map(([name, value]) => [name, String(value)]);
  return [
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Podule under load</title><style>${STYLE}</style>`,
    "<h1>Podule under load</h1>",
    table([["where", ""], ...facts]),
    table([
      ["scenario", "s", "bounds"],
      ...reports.map((one) => [one.name, one.seconds.toFixed(0), passes(one) ? "hold" : "DO NOT HOLD"]),
    ]),
    worse.length === 0 ? "" : `<h2 class="no">Worse by more than a tenth</h2>${table(regressionRows(worse))}`,
    ...reports.map(section),
    "</html>\n",
  ].join("\n");
}

function section(report: ScenarioReport): string {
  const { name, about, rows = [], gates = [], charts = [], notes = [], error } = report;
  return [
    `<h2>${escapeXml(name)}</h2><p>${escapeXml(about)}</p>`,
    error === undefined ? "" : `<p class="no">${escapeXml(error)}</p>`,
    rows.length === 0 ? "" : table(measuredRows(rows)),
    gates.length === 0 ? "" : table([["bound", "", "measured", ""], ...gates.map(gateRow)]),
    ...notes.map((note) => `<p>${escapeXml(note)}</p>`),
    ...charts.map(svgChart),
  ].join("\n");
}

export function gateRow(gate: Gate): readonly string[] {
  const { what, is, bound, value } = gate;
  return [what, `${is} ${shown(bound)}`, shown(value), holds(gate) ? "holds" : "DOES NOT HOLD"];
}

export function measuredRows(rows: readonly Measured[]): readonly (readonly string[])[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return [names, ...rows.map((row) => names.map((name) => shown(row[name] ?? "")))];
}

export function regressionRows(worse: readonly Regression[]): readonly (readonly string[])[] {
  return [
    ["scenario", "ratio", "now", "before"],
    ...worse.map(({ scenario, gate, ratio, before }) => [scenario, gate, shown(ratio), shown(before)]),
  ];
}

function shown(value: number | string): string {
  if (typeof value === "string") return value;
  return Number.isInteger(value) || value >= 1000 ? value.toFixed(0) : value.toPrecision(3);
}

function table(rows: readonly (readonly string[])[]): string {
  const cell = (text: string, tag: string) =>
    `<${tag}${text.startsWith("DO") ? ' class="no"' : ""}>${escapeXml(text)}</${tag}>`;
  const lines = rows.map(
    (row, n) => `<tr>${row.map((text) => cell(text, n === 0 ? "th" : "td")).join("")}</tr>`,
  );
  return `<table>${lines.join("")}</table>`;
}
