import type { Duration } from "@podule/proto/google/protobuf/duration.ts";
import { type Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { millisecondsOf } from "../modules/module-status.ts";

const KEPT = 16;

/** Of a start that is under way, milliseconds from now. */
export interface RemainingStart {
  /** No start that is known was quicker. */
  readonly least: number;
  /** Half of them were. */
  readonly likely: number;
}

/** What is left of a start after `elapsed`, by those that took longer; undefined: nothing is known of any. */
export function remainingStart(times: readonly number[], elapsed: number): RemainingStart | undefined {
  const left = times
    .map((time) => time - elapsed)
    .filter((time) => time > 0)
    .sort((a, b) => a - b);
  const [least] = left;
  return least === undefined ? undefined : { least, likely: left[Math.floor(left.length / 2)] ?? least };
}

/** The start times with those of the pods that have become ready since; `counted`: names of the pods that are in them. */
export function withStarts(
  times: readonly Duration[],
  pods: readonly Pod[],
  generation: bigint,
  counted: Set<string>,
): readonly Duration[] {
  const there = new Set(pods.map(({ name }) => name));
  for (const name of counted) if (!there.has(name)) counted.delete(name);
  const added: Duration[] = [];
  for (const pod of pods) {
    if (pod.state !== Pod_State.READY || pod.generation !== generation || counted.has(pod.name)) continue;
    const [made, ready] = [millisecondsOf(pod.createTime), millisecondsOf(pod.readyTime)];
    if (made === undefined || ready === undefined) continue;
    counted.add(pod.name);
    added.push(durationOf(Math.max(0, ready - made)));
  }
  return added.length === 0 ? times : [...times, ...added].slice(-KEPT);
}

export function durationMs({ seconds, nanos }: Duration): number {
  return Number(seconds) * 1000 + nanos / 1_000_000;
}

function durationOf(ms: number): Duration {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: Math.round((ms % 1000) * 1_000_000) };
}
