import { expect, test } from "vitest";
import { readTraceSettings } from "./trace-settings.ts";

test("without an endpoint nothing is exported", () => {
  expect(readTraceSettings({})).toEqual({
    endpoint: undefined,
    sampler: "parentbased_always_on",
    ratio: 1,
    slowMs: 1000,
    problems: [],
  });
});

test.each([
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4317" }, "http://127.0.0.1:4317"],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "https://otel.example.com/" }, "https://otel.example.com:443"],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://[::1]:4317" }, "http://[::1]:4317"],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "a:1", OTEL_EXPORTER_OTLP_INSECURE: "true" }, "http://a:1"],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: "http://a:1", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://b:2" },
    "http://b:2",
  ],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://a:1", OTEL_SDK_DISABLED: "true" }, undefined],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://a:1", OTEL_TRACES_EXPORTER: "none" }, undefined],
])("%j goes to %s", (env, endpoint) => {
  expect(readTraceSettings(env)).toMatchObject({ endpoint, problems: [] });
});

test("what cannot be is said, and does no harm", () => {
  const settings = readTraceSettings({
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://a:1",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    OTEL_TRACES_SAMPLER: "often",
    OTEL_TRACES_SAMPLER_ARG: "2",
    PODULE_TRACE_SLOW_MS: "soon",
  });
  expect(settings).toMatchObject({
    endpoint: undefined,
    sampler: "parentbased_always_on",
    ratio: 1,
    slowMs: 1000,
  });
  expect(settings.problems.map((problem) => problem.split(":")[0])).toEqual([
    "OTEL_TRACES_SAMPLER",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_TRACES_SAMPLER_ARG",
    "PODULE_TRACE_SLOW_MS",
  ]);
});
