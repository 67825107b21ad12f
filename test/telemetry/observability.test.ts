import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createPodMetrics } from "../../module-server/src/telemetry/pod-metrics.ts";
import { createManagerMetrics } from "../../pod-manager/src/telemetry/manager-metrics.ts";
import { createMetrics } from "../../telemetry/src/index.ts";
import { metricName } from "../../telemetry/src/metrics/open-metrics.ts";
import { ROOT } from "../stack/tools.ts";

/** The names that a Prometheus has of what the parts measure. */
function measured(): Set<string> {
  const { registry } = createMetrics({}, {});
  createManagerMetrics(registry, {
    listPods: () => [],
    modules: { watch: () => () => {} },
    callsInFlight: () => 0,
  });
  createPodMetrics(registry, "m", () => ({ calls: 0, sessions: 0 }));
  const names = registry.collect().flatMap(({ name, unit, kind }) => {
    const base = metricName(name, unit);
    if (kind === "histogram") return ["_bucket", "_count", "_sum"].map((suffix) => base + suffix);
    return [kind === "counter" ? `${base}_total` : base];
  });
  return new Set(names);
}

test.each(["alerts.yaml", "dashboard.json"])("%s asks only for what is measured", (file) => {
  const text = readFileSync(join(ROOT, "observability", file), "utf8");
  const asked = [...text.matchAll(/\b(?:podule|rpc|process)_[a-z_]+\b(?=[{[)\s,]|\\n|$)/gm)].map(
    ([name]) => name,
  );
  const labels = new Set(["podule_module", "rpc_response_status_code"]);
  expect(asked.length).toBeGreaterThan(10);
  const known = measured();
  expect(asked.filter((name) => !known.has(name) && !labels.has(name))).toEqual([]);
});

test("the dashboard is one that Grafana can import", () => {
  const dashboard: unknown = JSON.parse(readFileSync(join(ROOT, "observability/dashboard.json"), "utf8"));
  expect(dashboard).toMatchObject({ uid: "podule", title: "Podule", schemaVersion: expect.any(Number) });
  expect(dashboard).toHaveProperty("panels.length", 10);
});
