/** One run of a Python client. */
export interface PythonRun {
  readonly subject: string;
  readonly inFlight: number;
  readonly calls: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly p50Ms: number;
}

export interface PythonSummary {
  readonly subject: string;
  readonly inFlight: number;
  readonly callsPerSecond: number;
  /** Of the client's process, for a call. */
  readonly cpuMicros: number;
  readonly p50Ms: number;
  /** Calls/s by those of grpcio's best client in the same round. */
  readonly ratio: number;
}

/** The medians of all rounds; each round has each subject once. */
export function summarizePython(rounds: readonly (readonly PythonRun[])[]): PythonSummary[] {
  const [first = []] = rounds;
  return first.map(({ subject, inFlight }) => {
    const rows = rounds.map((round) => {
      const own = round.find((one) => one.subject === subject && one.inFlight === inFlight);
      if (own === undefined) throw new Error(`A round has no ${subject}`);
      const peers = round.filter((one) => one.subject.startsWith("grpcio") && one.inFlight === inFlight);
      return { ...own, rate: rateOf(own), best: Math.max(...peers.map(rateOf)) };
    });
    return {
      subject,
      inFlight,
      callsPerSecond: median(rows.map(({ rate }) => rate)),
      cpuMicros: median(rows.map(({ cpuSeconds, calls }) => (cpuSeconds / calls) * 1e6)),
      p50Ms: median(rows.map(({ p50Ms }) => p50Ms)),
      ratio: median(rows.map(({ rate, best }) => rate / best)),
    };
  });
}

function rateOf({ calls, seconds }: PythonRun): number {
  return calls / seconds;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
