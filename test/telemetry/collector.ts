import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { goTool } from "../go-tools/go-tool.ts";
import { eventually } from "./eventually.ts";
import { readSpans, type SeenSpan } from "./seen-span.ts";

/** A real OpenTelemetry Collector: OTLP over gRPC in, files of OTLP JSON out. */
export interface Collector extends AsyncDisposable {
  readonly endpoint: string;
  /** All spans that have arrived. */
  spans(): Promise<SeenSpan[]>;
  /** Waits until those that have arrived are enough. */
  spansUntil(enough: (spans: SeenSpan[]) => boolean): Promise<SeenSpan[]>;
  /** The names of the metrics that have arrived. */
  metricNames(): Promise<Set<string>>;
}

/** Undefined where there is no Go to build it with. */
export const collectorBinary = await goTool(
  join(import.meta.dirname, "../collector"),
  "podule.dev/test/collector",
);

export async function startCollector(): Promise<Collector> {
  const folder = await mkdtemp(join(tmpdir(), "podule-otel-"));
  const port = await freePort();
  const traces = join(folder, "traces.json");
  const metrics = join(folder, "metrics.json");
  const config = join(folder, "collector.yaml");
  await writeFile(config, configuration(port, traces, metrics));
  const child = spawn(collectorBinary ?? "", ["--config", config], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`The collector has ended:\n${output}`);
    return output.includes("Everything is ready");
  });
  const spans = async () => readSpans(await readFile(traces, "utf8").catch(() => ""));
  return {
    endpoint: `http://127.0.0.1:${port}`,
    spans,
    async spansUntil(enough) {
      let seen: SeenSpan[] = [];
      await eventually(
        async () => {
          seen = await spans();
          return enough(seen);
        },
        () => `Only these spans came:\n${describe(seen)}`,
      );
      return seen;
    },
    async metricNames() {
      const text = await readFile(metrics, "utf8").catch(() => "");
      return new Set([...text.matchAll(/"name":"([a-z0-9_.]+)"/g)].map((match) => match[1] ?? ""));
    },
    async [Symbol.asyncDispose]() {
      await end(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function describe(spans: readonly SeenSpan[]): string {
  return spans.map(({ service, name, traceId }) => `${traceId} ${service} ${name}`).join("\n");
}

function configuration(port: number, traces: string, metrics: string): string {
  return `
receivers:
  otlp: { protocols: { grpc: { endpoint: "127.0.0.1:${port}" } } }
exporters:
  file/traces: { path: ${JSON.stringify(traces)}, flush_interval: 100ms }
  file/metrics: { path: ${JSON.stringify(metrics)}, flush_interval: 100ms }
service:
  telemetry: { metrics: { level: none } }
  pipelines:
    traces: { receivers: [otlp], exporters: [file/traces] }
    metrics: { receivers: [otlp], exporters: [file/metrics] }
`;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("No free port");
  return address.port;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}
