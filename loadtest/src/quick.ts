import { measureCpu } from "./cpu.ts";
import { callAdd, type Load } from "./ghz.ts";
import type { Round } from "./report.ts";

/** One of the two that are compared: where it answers, and which processes work for it. */
export interface Side {
  readonly name: "podule" | "grpcio";
  readonly address: string;
  readonly processes: ReadonlyMap<string, readonly number[]>;
}

const WARM_UP: Load = { concurrency: 16, connections: 4, seconds: 2 };
const ALONE: Load = { concurrency: 1, connections: 1, seconds: 3 };
const LOADED: Load = { concurrency: 64, connections: 4, seconds: 5 };
const ROUNDS = 3;

/** Alternating rounds, so that what else the machine does hits both alike. About a minute. */
export async function runQuick(
  ghz: string,
  sides: readonly Side[],
  onRound: (round: Round) => void,
): Promise<Round[]> {
  for (const side of sides) await callAdd(ghz, side.address, WARM_UP);
  const rounds: Round[] = [];
  for (const load of [ALONE, ...Array.from({ length: ROUNDS }, () => LOADED)]) {
    for (const side of sides) {
      const round = await runRound(ghz, side, load);
      rounds.push(round);
      onRound(round);
    }
  }
  return rounds;
}

async function runRound(ghz: string, side: Side, load: Load): Promise<Round> {
  const { result, cpu } = await measureCpu(side.processes, () => callAdd(ghz, side.address, load));
  const perCall = [...cpu].map(([name, microseconds]) => [name, microseconds / result.calls]);
  return { ...result, ...load, side: side.name, cpuMicroseconds: Object.fromEntries(perCall) };
}
