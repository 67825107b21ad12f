import { readTraceSettings } from "@podule/telemetry/settings";
import type { Tracing } from "./params.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** As the standard OTEL_* variables say; undefined: Envoy makes no spans. */
export function readTracing(env: Env): Tracing | undefined {
  const { endpoint, sampler, ratio } = readTraceSettings(env);
  if (endpoint === undefined) return undefined;
  const headers = env["OTEL_EXPORTER_OTLP_TRACES_HEADERS"] || env["OTEL_EXPORTER_OTLP_HEADERS"];
  const caFile = env["OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE"] || env["OTEL_EXPORTER_OTLP_CERTIFICATE"];
  return {
    endpoint,
    ratio: sampler.endsWith("always_on") ? 1 : sampler.endsWith("always_off") ? 0 : ratio,
    parentBased: sampler.startsWith("parentbased_"),
    headers: pairs(headers).map(([name, value]) => [name.toLowerCase(), value] as const),
    attributes: Object.fromEntries(pairs(env["OTEL_RESOURCE_ATTRIBUTES"])),
    ...(caFile ? { caFile } : {}),
  };
}

/** "name=value,…", percent-encoded, as W3C Baggage writes it. What is malformed is left out. */
function pairs(text: string | undefined): [string, string][] {
  return (text ?? "").split(",").flatMap((item): [string, string][] => {
    const at = item.indexOf("=");
    if (at < 1) return [];
    try {
      return [[decodeURIComponent(item.slice(0, at).trim()), decodeURIComponent(item.slice(at + 1).trim())]];
    } catch {
      return [];
    }
  });
}
