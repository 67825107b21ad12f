import { SAMPLERS, type SamplerName } from "./sampler.ts";

export type Variables = Readonly<Record<string, string | undefined>>;

/** What the standard OTEL_* variables, and Podule's own, say of tracing. */
export interface TraceSettings {
  /** "http://HOST:PORT" or "https://HOST:PORT"; undefined: no span is exported. */
  readonly endpoint: string | undefined;
  readonly sampler: SamplerName;
  /** 0 to 1. */
  readonly ratio: number;
  /** Calls that take so long are exported whatever the sampler says. */
  readonly slowMs: number;
  /** What cannot be, for people: the rest holds all the same. */
  readonly problems: readonly string[];
}

const DEFAULT_SLOW_MS = 1000;

export function readTraceSettings(env: Variables): TraceSettings {
  const problems: string[] = [];
  const name = (env["OTEL_TRACES_SAMPLER"] || "parentbased_always_on").toLowerCase();
  const sampler = SAMPLERS.find((known) => known === name);
  if (sampler === undefined) problems.push(`OTEL_TRACES_SAMPLER: ${name} is none of ${SAMPLERS.join(", ")}`);
  return {
    endpoint: endpointOf(env, "TRACES", problems),
    sampler: sampler ?? "parentbased_always_on",
    ratio: number(env, "OTEL_TRACES_SAMPLER_ARG", 1, 0, 1, problems),
    slowMs: number(env, "PODULE_TRACE_SLOW_MS", DEFAULT_SLOW_MS, 0, 86_400_000, problems),
    problems,
  };
}

/** Where a signal goes, over gRPC; undefined: nowhere. */
export function endpointOf(
  env: Variables,
  signal: "TRACES" | "METRICS",
  problems: string[],
): string | undefined {
  if (env["OTEL_SDK_DISABLED"]?.toLowerCase() === "true") return undefined;
  if ((env[`OTEL_${signal}_EXPORTER`] || "otlp") !== "otlp") return undefined;
  const own = env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`];
  const text = own || env["OTEL_EXPORTER_OTLP_ENDPOINT"];
  if (!text) return undefined;
  const protocol = env[`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`] || env["OTEL_EXPORTER_OTLP_PROTOCOL"];
  if (protocol && protocol !== "grpc") {
    problems.push(`OTEL_EXPORTER_OTLP_PROTOCOL: ${protocol} is not spoken here, only grpc`);
    return undefined;
  }
  const insecure = env["OTEL_EXPORTER_OTLP_INSECURE"]?.toLowerCase() === "true";
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `${insecure ? "http" : "https"}://${text}`);
  if (url === null || url.hostname === "") {
    problems.push(
      `OTEL_EXPORTER_OTLP_ENDPOINT: ${JSON.stringify(text)} is no URL such as http://127.0.0.1:4317`,
    );
    return undefined;
  }
  return `${url.protocol}//${url.hostname}:${url.port || (url.protocol === "https:" ? "443" : "80")}`;
}

function number(
  env: Variables,
  name: string,
  fallback: number,
  least: number,
  most: number,
  problems: string[],
): number {
  const text = env[name];
  if (!text) return fallback;
  const value = Number(text);
  if (value >= least && value <= most) return value;
  problems.push(`${name}: ${JSON.stringify(text)} is no number from ${least} to ${most}`);
  return fallback;
}
