import { measureCpu } from "../../cpu.ts";
import { type GhzOptions, type Outcome, readScenario, runGhz } from "../../ghz.ts";
import { poduleSide, type Side } from "../../podule-side.ts";
import { median } from "../../report.ts";
import type { Measured, Result } from "../result.ts";
import type { Bench, Scenario } from "../scenario.ts";

/** Of one round in the run of two minutes. */
const QUICK = "3s";

export interface Paired {
  readonly rows: readonly Measured[];
  /** Of Podule over the control, by medians. */
  readonly calls: number;
  readonly p50: number;
  readonly p99: number;
  /** Of all of Podule's processes, µs a call. */
  readonly cpu: number;
  readonly failed: number;
}

/** The same ghz run on both sides in turn, so that what else the machine does hits both. */
export async function paired(bench: Bench, scenario: GhzOptions, rounds: number): Promise<Paired> {
  const options = bench.isLong ? scenario : { ...scenario, duration: QUICK };
  const peer = await bench.startControl();
  const podule = await poduleSide(await bench.startStack());
  const grpcio: Side = {
    name: "grpcio",
    address: peer.address,
    processes: new Map([["grpcio", [peer.pid]]]),
  };
  const rows: Measured[] = [];
  const outcomes = new Map<string, Outcome[]>([
    ["podule", []],
    ["grpcio", []],
  ]);
  const cpus: number[] = [];
  for (const side of [podule, grpcio]) await runGhz(bench.ghz, side.address, { ...options, duration: "1s" });
  for (let round = 0; round < rounds; round++)
    for (const side of [podule, grpcio]) {
      const { result, cpu } = await measureCpu(side.processes, () =>
        runGhz(bench.ghz, side.address, options),
      );
      outcomes.get(side.name)?.push(result);
      const perCall = [...cpu].map(([name, us]) => [`${name} µs`, us / result.calls] as const);
      const whole = perCall.reduce((sum, [, us]) => sum + us, 0);
      if (side.name === "podule") cpus.push(whole);
      rows.push({
        side: side.name,
        ...shown(result),
        "CPU µs a call": whole,
        ...Object.fromEntries(perCall),
      });
    }
  const of = (name: string, key: keyof Outcome) => median((outcomes.get(name) ?? []).map((one) => one[key]));
  const ratio = (key: keyof Outcome) => of("podule", key) / of("grpcio", key);
  const all = [...outcomes.values()].flat();
  return {
    rows,
    calls: ratio("callsPerSecond"),
    p50: ratio("p50Ms"),
    p99: ratio("p99Ms"),
    cpu: median(cpus),
    failed: all.reduce((sum, { failed }) => sum + failed, 0),
  };
}

export function shown({ calls, callsPerSecond, p50Ms, p99Ms, failed }: Outcome): Measured {
  return { calls, "calls/s": callsPerSecond, "p50 ms": p50Ms, "p99 ms": p99Ms, failed };
}

export const noFailure = (failed: number): Result["gates"][number] => ({
  what: "failed calls",
  value: failed,
  bound: 0,
  is: "at most",
  kind: "absolute",
});

export const unary: Scenario = {
  name: "unary",
  about:
    "operator.add(1, 2), 64 in flight on 4 connections, closed loop, through Envoy; beside a hand-written grpcio server",
  isQuick: true,
  async run(bench) {
    const { rows, calls, cpu, failed } = await paired(
      bench,
      await readScenario("unary"),
      bench.isLong ? 3 : 2,
    );
    return {
      rows,
      gates: [
        { what: "calls/s over grpcio's", value: calls, bound: 1.5, is: "at least", kind: "ratio" },
        { what: "CPU a call in all, µs", value: cpu, bound: 170, is: "at most", kind: "absolute" },
        noFailure(failed),
      ],
    };
  },
};

export const openLoop: Scenario = {
  name: "unary, open loop",
  about: "1,000 calls a second whatever the answers take: queueing shows in the latency",
  isQuick: true,
  async run(bench) {
    const options = await readScenario("unary-open");
    const { rows, p50, failed } = await paired(bench, options, bench.isLong ? 3 : 1);
    return {
      rows,
      gates: [
        { what: "p50 over grpcio's", value: p50, bound: 4, is: "at most", kind: "ratio" },
        noFailure(failed),
      ],
    };
  },
};

export const serverStream: Scenario = {
  name: "server stream",
  about: "streams of 200 items, 16 at once, each read to its end",
  isQuick: true,
  async run(bench) {
    const { rows, calls, failed } = await paired(bench, await readScenario("stream"), bench.isLong ? 3 : 1);
    return {
      rows,
      gates: [
        { what: "streams/s over grpcio's", value: calls, bound: 1, is: "at least", kind: "ratio" },
        noFailure(failed),
      ],
    };
  },
};
