import { join } from "node:path";
import { Metadata } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import podule from "../../clients/typescript/src/index.ts";
import { failure } from "../stack/call-failure.ts";
import { spec } from "../stack/modules.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { float, int, plain } from "../stack/values.ts";
import { type Collector, collectorBinary, freePort, startCollector } from "./collector.ts";
import { eventually } from "./eventually.ts";
import type { SeenSpan } from "./seen-span.ts";

const TRACED = join(import.meta.dirname, "../modules/traced.py");
const CLIENT_SPAN = "00f067aa0ba902b7";
const SLOW_MS = 1500;
const OWN_PARTS = ["podule-manager", "podule-module-server"];
const PARTS = ["podule-envoy", ...OWN_PARTS, "podule-worker"];
let lastTrace = 0;

/** A client's context, which says whether its trace is exported. */
function context(sampled: boolean): { traceId: string; metadata: Metadata } {
  lastTrace += 1;
  const traceId = `4bf92f3577b34da6a3ce${lastTrace.toString(16).padStart(12, "0")}`;
  return {
    traceId,
    metadata: Metadata({ traceparent: `00-${traceId}-${CLIENT_SPAN}-${sampled ? "01" : "00"}` }),
  };
}

function of(spans: readonly SeenSpan[], traceId: string): SeenSpan[] {
  return spans.filter((span) => span.traceId === traceId);
}

/** The span of the trace that is that service's, by its name where there are several. */
function one(spans: readonly SeenSpan[], service: string, name?: string): SeenSpan {
  const found = spans.filter(
    (span) => span.service === service && (name === undefined || span.name === name),
  );
  if (found[0] === undefined || found.length > 1)
    throw new Error(`${found.length} spans ${service} ${name}: ${JSON.stringify(spans, null, 1)}`);
  return found[0];
}

describe.skipIf(collectorBinary === undefined)("with a collector", () => {
  let collector: Collector;
  let stack: Stack;
  let metricsAddress: string;
  const call = async (name: string, args: Parameters<typeof stack.connection.call>[2], metadata: Metadata) =>
    plain(await stack.connection.call("traced", name, args, { metadata }));

  beforeAll(async () => {
    collector = await startCollector();
    metricsAddress = `127.0.0.1:${await freePort()}`;
    stack = await startStack({
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
        OTEL_TRACES_SAMPLER: "parentbased_always_off",
        OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
        PODULE_TRACE_SLOW_MS: String(SLOW_MS),
        OTEL_METRIC_EXPORT_INTERVAL: "500",
        PODULE_METRICS_LISTEN: metricsAddress,
      },
    });
    await stack.connection.modules.createModule({
      moduleId: "traced",
      module: { spec: spec({ path: TRACED, dependency: ["opentelemetry-api"], workers: 2 }) },
    });
  });
  afterAll(async () => {
    await stack?.stop();
    await collector?.[Symbol.asyncDispose]();
  });

  /** The trace, once those services' spans are there, and those of that name. */
  async function trace(traceId: string, services: readonly string[], name?: string): Promise<SeenSpan[]> {
    const spans = await collector.spansUntil((all) => {
      const mine = of(all, traceId);
      const missing = services.filter((service) => !mine.some((span) => span.service === service));
      return missing.length === 0 && (name === undefined || mine.some((span) => span.name === name));
    });
    return of(spans, traceId);
  }

  test("the first call, which waits for its pod: the start's phases are in its trace", async () => {
    const { traceId, metadata } = context(true);
    const args = [float(0.2), float(0.4), float(0.4)];
    await stack.connection.call("colorsys", "rgb_to_hsv", args, { metadata });
    const spans = await trace(traceId, PARTS, "import");
    const manager = one(spans, "podule-manager", "podule.v1.Calls/Call");
    const wait = one(spans, "podule-manager", "wait for pod");
    expect(wait.parentSpanId).toBe(manager.spanId);
    const start = one(spans, "podule-manager", "start pod");
    expect(start.parentSpanId).toBe(manager.spanId);
    // "resolve" and "install" too, unless the environment was there already.
    expect(one(spans, "podule-manager", "start").parentSpanId).toBe(start.spanId);
    for (const phase of ["start module server", "start python", "import"])
      expect(one(spans, "podule-module-server", phase).parentSpanId).toBe(start.spanId);
    expect(wait.end).toBeGreaterThanOrEqual(start.end - 1000);
  });

  test("a unary call: one tree from the client to Python, and Python's own code in it", async () => {
    const { traceId, metadata } = context(true);
    const seen = await call("current", [], metadata);
    const spans = await trace(traceId, PARTS);
    const envoy = one(spans, "podule-envoy");
    const manager = one(spans, "podule-manager");
    const server = one(spans, "podule-module-server", "podule.v1.Calls/Call");
    const worker = one(spans, "podule-worker");
    expect([envoy, manager, server, worker].map(({ parentSpanId }) => parentSpanId)).toEqual([
      CLIENT_SPAN,
      envoy.spanId,
      manager.spanId,
      server.spanId,
    ]);
    expect(seen).toEqual([traceId, worker.spanId]);
    for (const span of [manager, server])
      expect(span).toMatchObject({
        name: "podule.v1.Calls/Call",
        status: 0,
        attributes: {
          "rpc.system.name": "grpc",
          "rpc.method": "podule.v1.Calls/Call",
          "rpc.response.status_code": "OK",
          "podule.module": "traced",
        },
      });
    expect(server.resource).toMatchObject({
      "service.namespace": "podule",
      "service.version": "0.1.0",
      "podule.module": "traced",
      "podule.revision": "1",
      "deployment.environment.name": "test",
    });
    expect(server.resource["service.instance.id"]).toMatch(/^traced-/);
    expect(worker).toMatchObject({ name: "current", attributes: { "code.function.name": "traced.current" } });
    expect(Number(worker.attributes["podule.run.duration"])).toBeGreaterThan(0);
    expect(worker.start).toBeGreaterThanOrEqual(server.start - 5);
    expect(worker.end).toBeLessThanOrEqual(server.end + 5);
  });

  test("a streamed call: the same tree, its items counted", async () => {
    const { traceId, metadata } = context(true);
    const seen: unknown[] = [];
    for await (const item of stack.connection.stream("traced", "items", [int(5)], { metadata }))
      seen.push(plain(item));
    const spans = await trace(traceId, PARTS);
    const worker = one(spans, "podule-worker");
    expect(seen).toEqual(Array(5).fill([traceId, worker.spanId]));
    expect(worker.attributes["podule.stream.items"]).toBe("5");
    expect(one(spans, "podule-module-server").name).toBe("podule.v1.Calls/Stream");
    expect(one(spans, "podule-envoy").parentSpanId).toBe(CLIENT_SPAN);
  });

  test("a coroutine joins too, and what is not exported joins all the same", async () => {
    const sampled = context(true);
    expect(await call("current_later", [], sampled.metadata)).toMatchObject([sampled.traceId, /./]);
    const unsampled = context(false);
    const [traceId] = [await call("current", [], unsampled.metadata)].flat();
    expect(traceId).toBe(unsampled.traceId);
    // No context stays behind for the next call.
    expect(plain(await stack.connection.call("traced", "current"))).not.toMatchObject([
      unsampled.traceId,
      /./,
    ]);
  });

  test("a session: each call's trace, linked to the session's own", async () => {
    const { traceId } = context(true);
    const connection = podule.connect({
      url: stack.address,
      traceparent: () => `00-${traceId}-${CLIENT_SPAN}-01`,
    });
    const module = await connection.import<{
      size(data: Uint8Array): number;
      zeros(count: number): Uint8Array;
    }>("traced");
    expect(await module.size(new Uint8Array(3_000_000))).toBe(3_000_000);
    expect((await module.zeros(3_000_000)).length).toBe(3_000_000);
    await connection.close();
    const spans = of(
      await collector.spansUntil(
        (all) => of(all, traceId).filter(({ service }) => service === "podule-worker").length === 2,
      ),
      traceId,
    );
    const calls = spans.filter(({ name }) => name === "podule.v1.Calls/Session call");
    expect(calls.map(({ parentSpanId }) => parentSpanId)).toEqual([CLIENT_SPAN, CLIENT_SPAN]);
    for (const { links } of calls) expect(links).toHaveLength(1);
    expect(new Set(calls.flatMap(({ links }) => links)).size).toBe(1);
    const out = calls.find(({ events }) => events.includes("chunk"));
    expect(out?.events.length).toBeGreaterThanOrEqual(3);
  });

  test("an unsampled call that fails, or takes long, is exported; another is not", async () => {
    const [fine, failed, rejected, slow] = [context(false), context(false), context(false), context(false)];
    await call("current", [], fine.metadata);
    const error = await failure(call("fail", [], failed.metadata));
    expect(error.code).toBe("UNKNOWN");
    expect((await failure(call("reject", [], rejected.metadata))).code).toBe("INVALID_ARGUMENT");
    await call("rest", [float(SLOW_MS / 1000 + 0.1)], slow.metadata);
    const spans = await trace(failed.traceId, OWN_PARTS);
    for (const service of ["podule-manager", "podule-module-server"])
      expect(one(spans, service)).toMatchObject({
        status: 2,
        attributes: {
          "rpc.response.status_code": "UNKNOWN",
          "error.type": "UNKNOWN",
          "podule.reason": "PYTHON_EXCEPTION",
        },
      });
    await trace(slow.traceId, OWN_PARTS);
    const all = await collector.spans();
    // The caller's own mistake is no error of the server, by the conventions of gRPC.
    expect([of(all, fine.traceId), of(all, rejected.traceId)]).toEqual([[], []]);
  });

  test("metrics: pushed to the collector, and scraped with exemplars", async () => {
    const { traceId, metadata } = context(true);
    await call("current", [], metadata);
    const scraped = await fetch(`http://${metricsAddress}/metrics`);
    expect(scraped.headers.get("content-type")).toContain("application/openmetrics-text");
    const text = await scraped.text();
    for (const line of [
      /^rpc_server_call_duration_seconds_count\{rpc_method="podule.v1.Calls\/Call",podule_module="traced",rpc_response_status_code="OK"\} [1-9]/m,
      /^podule_pod_start_duration_seconds_count\{podule_module="colorsys",phase="all"\} 1$/m,
      /^podule_pods\{podule_module="traced",state="READY"\} 1$/m,
      /^podule_scaling_wanted_pods\{podule_module="traced"\} 1$/m,
      /^podule_call_bytes_total\{podule_module="traced",direction="in"\} [1-9]/m,
      /^process_cpu_time_seconds_total [0-9]/m,
      new RegExp(`trace_id="${traceId}"`),
    ])
      expect(text).toMatch(line);
    const wanted = [
      "rpc.server.call.duration",
      "podule.pods",
      "podule.calls.in_flight",
      "podule.call.failures",
    ];
    await eventually(async () => {
      const names = await collector.metricNames();
      return wanted.every((name) => names.has(name));
    });
  });
});
