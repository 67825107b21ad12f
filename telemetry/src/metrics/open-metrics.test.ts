import { expect, test } from "vitest";
import { metricName, openMetrics } from "./open-metrics.ts";
import { createRegistry } from "./registry.ts";

const FAMILY = { name: "rpc.server.call.duration", help: 'How "long"\nit takes', unit: "s" };

test("a histogram with an exemplar, counters and gauges", () => {
  const registry = createRegistry();
  const duration = registry.histogram(FAMILY, ["rpc.method", "podule.module"]);
  duration.observe(["a/B", 'x"\\'], 0.002);
  duration.observe(["a/B", 'x"\\'], 0.2, "t".repeat(32));
  registry.counter({ name: "podule.bytes", help: "Bytes", unit: "By" }, ["way"]).add(["in"], 7);
  registry.gauge({ name: "podule.pods", help: "Pods", unit: "{pod}" }, () => [{ labels: {}, value: 3 }]);
  const text = openMetrics(registry.collect());
  for (const line of [
    "# TYPE rpc_server_call_duration_seconds histogram",
    '# HELP rpc_server_call_duration_seconds How \\"long\\"\\nit takes',
    'rpc_server_call_duration_seconds_bucket{rpc_method="a/B",podule_module="x\\"\\\\",le="0.001"} 0',
    'rpc_server_call_duration_seconds_bucket{rpc_method="a/B",podule_module="x\\"\\\\",le="0.0025"} 1',
    'rpc_server_call_duration_seconds_bucket{rpc_method="a/B",podule_module="x\\"\\\\",le="+Inf"} 2',
    'rpc_server_call_duration_seconds_count{rpc_method="a/B",podule_module="x\\"\\\\"} 2',
    'podule_bytes_total{way="in"} 7',
    "podule_pods 3",
    "# EOF",
  ])
    expect(text.split("\n")).toContain(line);
  expect(text).toMatch(/le="0.25"\} 2 # \{trace_id="t{32}"\} 0.2 \d+\.\d{3}$/m);
  expect(metricName("process.memory.usage", "By")).toBe("process_memory_usage_bytes");
});

test("however many modules there are, the series are bounded and nothing is lost", () => {
  const registry = createRegistry();
  const calls = registry.counter({ name: "calls", help: "Calls", unit: "{call}" }, ["module"]);
  for (let i = 0; i < 5000; i++) calls.add([`module-${i}`], 1);
  const [snapshot] = registry.collect();
  if (snapshot?.kind !== "counter") throw new Error("no counter");
  expect(snapshot.points.length).toBeLessThanOrEqual(501);
  expect(snapshot.points.reduce((sum, { value }) => sum + value, 0)).toBe(5000);
  expect(snapshot.points.at(-1)?.labels).toEqual({ module: "_other" });
});
