import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CallRing } from "./call-ring.ts";
import { createTracing } from "./tracing.ts";

describe("without an exporter", () => {
  test("a call keeps the caller's context, and is found by its ids", () => {
    const tracing = createTracing({}, {});
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    const record = tracing.begin(traceparent);
    expect([record.spanId, tracing.outgoing(record)]).toEqual(["", traceparent]);
    expect(tracing.end(record, 0)).toBe(false);
    const [found] = tracing.find("a".repeat(32));
    expect(found).toMatchObject({ traceId: "a".repeat(32), parentSpanId: "b".repeat(16), sampled: false });
    expect(tracing.find(found?.spanId ?? "")).toEqual([found]);
    expect(tracing.find("c".repeat(16))).toEqual([]);
  });

  test("records go round: what failed is found longer", () => {
    const tracing = createTracing({}, {}, new CallRing(10, 10));
    const ended = (traceId: string, code: number) =>
      tracing.end(tracing.begin(`00-${traceId}-${"b".repeat(16)}-00`), code);
    ended("1".repeat(32), 0);
    ended("2".repeat(32), 13);
    for (let i = 0; i < 50; i++) ended("3".repeat(32), 0);
    expect(tracing.find("1".repeat(32))).toEqual([]);
    expect(tracing.find("2".repeat(32))).toHaveLength(1);
    expect(tracing.find("3".repeat(32))).toHaveLength(10);
  });

  test("no record is in two places, however calls overlap", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (steps) => {
        const tracing = createTracing({}, {}, new CallRing(5, 3));
        const open: ReturnType<typeof tracing.begin>[] = [];
        for (const begin of steps) {
          const oldest = begin ? undefined : open.shift();
          if (begin) open.push(tracing.begin(""));
          else if (oldest !== undefined) tracing.end(oldest, open.length % 3 === 0 ? 13 : 0);
          expect(new Set(open).size).toBe(open.length);
        }
      }),
    );
  });
});

test("with an exporter: sampled, failed and slow calls are exported, others not", async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9", PODULE_TRACE_SLOW_MS: "0" };
  const slow = createTracing({ ...env, OTEL_TRACES_SAMPLER: "always_off" }, {});
  const off = createTracing({ ...env, OTEL_TRACES_SAMPLER: "always_off", PODULE_TRACE_SLOW_MS: "1000" }, {});
  const on = createTracing({ ...env, PODULE_TRACE_SLOW_MS: "1000" }, {});
  expect(slow.end(slow.begin(""), 0)).toBe(true);
  expect(slow.end(slow.begin(""), 0, false)).toBe(false);
  expect([off.end(off.begin(""), 0), off.end(off.begin(""), 3), off.end(off.begin(""), 13)]).toEqual([
    false,
    false,
    true,
  ]);
  const record = on.begin(`00-${"a".repeat(32)}-${"b".repeat(16)}-01`);
  expect(on.outgoing(record)).toBe(`00-${"a".repeat(32)}-${record.spanId}-01`);
  expect(on.end(record, 0)).toBe(true);
  await Promise.all([slow.close(), off.close(), on.close()]);
});
