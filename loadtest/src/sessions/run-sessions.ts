import type { Stack } from "@podule/test/stack/stack.ts";
import { startStack } from "@podule/test/stack/stack.ts";
import { closedLoop } from "./closed-loop.ts";
import { runFaults } from "./faults.ts";
import { FOREIGN_PEERS, measurePeer } from "./foreign-peers.ts";
import { grpcioSubject } from "./grpcio-subject.ts";
import type { Measured } from "./judge.ts";
import type { PeerPlace } from "./peer-environment.ts";
import { type PoduleSubject, poduleSubject } from "./podule-subject.ts";
import type { Row } from "./row.ts";
import type { Subject } from "./subject.ts";
import { peakGrowth } from "./transfer.ts";

const SECONDS = 3;
const CONCURRENCIES = [1, 16, 64, 256];
const LARGE_MEGABYTES = 256;

export interface SessionsRun extends Measured {
  readonly skipped: readonly string[];
}

/** Everything in one run, one subject after the other. `say` gets each row as it comes. */
export async function runSessions(place: PeerPlace, say: (line: string) => void): Promise<SessionsRun> {
  const rows: Row[] = [];
  const skipped: string[] = [];
  const onRow = (row: Row): void => {
    rows.push(row);
    say(
      `${row.subject}: ${row.scenario}, ${row.inFlight} in flight: ${row.callsPerSecond.toFixed(1)} calls/s`,
    );
  };
  const growth = await measurePodule(onRow);
  for (const mode of ["sync", "aio"] as const) {
    await attempt(`grpcio ${mode}`, skipped, async () => {
      await using subject = await grpcioSubject(place, mode);
      await measureSubject(subject, onRow);
    });
  }
  for (const peer of FOREIGN_PEERS)
    await attempt(peer.name, skipped, () => measurePeer(peer, place, SECONDS, CONCURRENCIES, onRow));
  const faults = await runFaults((count) =>
    say(`${count.fault}: ${count.sent} sent, ${count.answered} answered, ${count.failedTyped} failed typed`),
  );
  return { rows, growth, faults, skipped };
}

async function attempt(name: string, skipped: string[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    skipped.push(`${name}: ${words.split("\n").slice(0, 2).join(" ").slice(0, 300)}`);
  }
}

async function measurePodule(onRow: (row: Row) => void): Promise<Record<string, number>> {
  const stack = await startStack();
  try {
    await using subject = await poduleSubject(stack.address);
    await measureSubject(subject, onRow);
    return await measureLarge(stack, subject, onRow);
  } finally {
    await stack.stop();
  }
}

async function measureSubject(subject: Subject, onRow: (row: Row) => void): Promise<void> {
  const measure = async (scenario: string, inFlight: number, call: () => PromiseLike<unknown>) =>
    onRow(await closedLoop({ subject: subject.name, scenario, inFlight }, SECONDS, call));
  await closedLoop({ subject: subject.name, scenario: "warm-up", inFlight: 16 }, 1, () => subject.add());
  for (const inFlight of CONCURRENCIES) await measure("add", inFlight, () => subject.add());
  for (const megabytes of [8, 64]) {
    const array = new Float64Array((megabytes * 1_000_000) / 8).fill(1);
    await measure(`sum ${megabytes} MB`, 1, () => subject.sum(array));
  }
  await measure("held sum", 1, () => subject.heldSum());
  await measure("chain of 10", 1, () => subject.chain());
}

/** Small calls on the session of a large array, and what the hops keep of it. */
async function measureLarge(
  stack: Stack,
  { name, numpy, sum }: PoduleSubject,
  onRow: (row: Row) => void,
): Promise<Record<string, number>> {
  const array = new Float64Array((LARGE_MEGABYTES * 1_000_000) / 8).fill(1);
  let done = false;
  const large = peakGrowth(stack.processes(), () => sum(array)).finally(() => {
    done = true;
  });
  const what = { subject: name, scenario: `add beside ${LARGE_MEGABYTES} MB`, inFlight: 1 };
  const small = closedLoop(
    what,
    60,
    () => numpy.add(1, 2),
    () => done,
  );
  const [growth, row] = await Promise.all([large, small]);
  onRow(row);
  return growth;
}
