import type { FaultCount } from "./fault-count.ts";
import type { Row } from "./row.ts";

export interface Measured {
  readonly rows: readonly Row[];
  /** Growth of each hop while the largest array went through, MiB. */
  readonly growth: Readonly<Record<string, number>>;
  readonly faults: readonly FaultCount[];
}

export interface Verdict {
  readonly claim: string;
  readonly measured: string;
  /** Undefined: what it is compared with was not measured. */
  readonly holds: boolean | undefined;
}

const PODULE = "Podule";
const GRPCIO = "grpcio sync";
const OVER_A_NETWORK = ["grpcio sync", "grpcio aio", "RPyC", "Pyro5", "Ray actor"];
const GROWTH_MIB = 64;

/** What is expected of Podule beside its peers, claim by claim. */
export function judge({ rows, growth, faults }: Measured): Verdict[] {
  const of = (subject: string, scenario: string, inFlight = 1): Row | undefined =>
    rows.find((row) => row.subject === subject && row.scenario === scenario && row.inFlight === inFlight);
  const verdicts: Verdict[] = [];
  const compare = (claim: string, ratio: number, limit: number, atMost: boolean): void => {
    const known = Number.isFinite(ratio);
    const holds = known ? (atMost ? ratio <= limit : ratio >= limit) : undefined;
    verdicts.push({ claim, measured: known ? ratio.toFixed(2) : "not measured", holds });
  };
  const p50 = (row: Row | undefined): number => row?.p50Ms ?? Number.NaN;
  const rate = (row: Row | undefined): number => row?.callsPerSecond ?? Number.NaN;

  compare(
    "add, 1 in flight: p50 at most 1.0 of grpcio's",
    p50(of(PODULE, "add")) / p50(of(GRPCIO, "add")),
    1,
    true,
  );
  compare(
    "add, 64 in flight: calls/s at least 20 times grpcio's",
    rate(of(PODULE, "add", 64)) / rate(of(GRPCIO, "add", 64)),
    20,
    false,
  );
  for (const peer of OVER_A_NETWORK)
    compare(
      `add, 16 in flight: ahead of ${peer}`,
      rate(of(PODULE, "add", 16)) / rate(of(peer, "add", 16)),
      1,
      false,
    );
  compare(
    "add, 256 in flight: ahead of JSPyBridge",
    rate(of(PODULE, "add", 256)) / rate(of("JSPyBridge", "add", 256)),
    1,
    false,
  );
  for (const scenario of ["sum 8 MB", "sum 64 MB"])
    compare(
      `${scenario}: at least 1.5 times grpcio's MB/s`,
      p50(of(GRPCIO, scenario)) / p50(of(PODULE, scenario)),
      1.5,
      false,
    );
  compare(
    "sum of a held array, pipelined: at most 0.7 of two grpcio calls",
    p50(of(PODULE, "held sum")) / p50(of(GRPCIO, "held sum")),
    0.7,
    true,
  );
  compare(
    "a chain of 10, pipelined: at most 1.5 times one call",
    p50(of(PODULE, "chain of 10")) / p50(of(PODULE, "add")),
    1.5,
    true,
  );
  compare(
    "small calls beside 256 MB: p99 at most 10 times that of an idle session",
    (of(PODULE, "add beside 256 MB")?.p99Ms ?? Number.NaN) / (of(PODULE, "add")?.p99Ms ?? Number.NaN),
    10,
    true,
  );
  for (const [hop, mebibytes] of Object.entries(growth))
    compare(`256 MB by value: ${hop} grows by at most ${GROWTH_MIB} MiB`, mebibytes, GROWTH_MIB, true);
  for (const { fault, twice, unaccounted } of faults)
    verdicts.push({
      claim: `${fault}: no call ran twice, none without an answer or a typed error`,
      measured: `${twice} and ${unaccounted}`,
      holds: twice === 0 && unaccounted === 0,
    });
  return verdicts;
}
