import { type RpcStatus, rpcStatus } from "@podule/grpc";
import { type Module, Module_State } from "@podule/proto/podule/v1/modules.ts";
import { type Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { Status } from "nice-grpc";
import { millisecondsOf } from "./module-status.ts";
import type { Prepared } from "./prepare.ts";
import { failuresAfterEnd, isImportAnswer, restartDelayMs, retryDelayMs } from "./retry-policy.ts";

export interface Failure {
  readonly status: RpcStatus;
  readonly at: number;
  /** When it is tried again; undefined for an answer that would be the same. */
  readonly retryAt: number | undefined;
}

/** What a manager remembers of one generation of one module while it works on it. Lost with the manager, and rebuilt. */
export interface Progress {
  readonly uid: string;
  readonly generation: bigint;
  /** Ends what runs for it. */
  readonly controller: AbortController;
  /** Resolve anew, whatever lock is known. */
  fresh: boolean;
  preparing: boolean;
  prepared: Prepared | undefined;
  /** It has been prepared at least once. */
  wasPrepared: boolean;
  /** It is ready, and the generations before it have gone. */
  settled: boolean;
  /** Failures in a row. */
  failures: number;
  failure: Failure | undefined;
  /** Ended pods that have been counted. */
  readonly counted: Set<string>;
  /** Pods whose start is among the module's start times. */
  readonly timed: Set<string>;
}

/** `pods`: those that there are already; their ends are not this generation's failures. */
export function beginProgress(module: Module, pods: readonly Pod[], fresh: boolean): Progress {
  return {
    uid: module.uid,
    generation: module.generation,
    controller: new AbortController(),
    fresh,
    preparing: false,
    prepared: undefined,
    wasPrepared: false,
    settled: isAdopted(module),
    failures: 0,
    failure: undefined,
    counted: new Set(pods.filter(hasEnded).map(({ name }) => name)),
    timed: new Set(),
  };
}

/** Another manager has seen this generation ready: it need not show again that it works. */
export function isAdopted({ status, generation }: Module): boolean {
  return status?.state === Module_State.READY && status.observedGeneration === generation;
}

export function isOf(progress: Progress, module: Module): boolean {
  return progress.uid === module.uid && progress.generation === module.generation;
}

/** A preparation or a start that did not work; an answer would be the same again. */
export function countFailure(progress: Progress, status: RpcStatus, answer: boolean, now: number): void {
  progress.failures++;
  const retryAt = answer ? undefined : now + retryDelayMs(progress.failures);
  progress.failure = { status, at: now, retryAt };
}

/** Counts the pods of this generation that failed since the last time; gives those that ended, as asked too. */
export function countEnds(
  progress: Progress,
  pods: readonly Pod[],
  drained: ReadonlySet<string>,
  now: number,
): readonly Pod[] {
  const there = new Set(pods.map(({ name }) => name));
  for (const name of progress.counted) if (!there.has(name)) progress.counted.delete(name);
  const ended = pods.filter(
    (pod) => pod.generation === progress.generation && hasEnded(pod) && !progress.counted.has(pod.name),
  );
  for (const pod of ended) {
    progress.counted.add(pod.name);
    if (pod.state === Pod_State.FAILED && !drained.has(pod.name)) countEnd(progress, pod, now);
  }
  return ended;
}

function countEnd(progress: Progress, pod: Pod, now: number): void {
  const status = pod.error ?? rpcStatus(Status.UNAVAILABLE, "POD_ENDED", `${pod.name} has ended`);
  const ready = millisecondsOf(pod.readyTime);
  if (ready === undefined) {
    countFailure(progress, status, isImportAnswer(status), now);
    return;
  }
  const readyFor = (millisecondsOf(pod.endTime) ?? now) - ready;
  progress.failures = failuresAfterEnd(progress.failures, readyFor);
  const delay = restartDelayMs(progress.failures);
  progress.failure = delay === 0 ? undefined : { status, at: now, retryAt: now + delay };
}

/** Forgets a failure whose time has come. Gives the milliseconds until it comes, if that is later. */
export function dueIn(progress: Progress, now: number): number | undefined {
  const { failure } = progress;
  if (failure?.retryAt === undefined) return undefined;
  if (failure.retryAt > now) return failure.retryAt - now;
  progress.failure = undefined;
  return undefined;
}

export function hasEnded({ state }: Pod): boolean {
  return state === Pod_State.SUCCEEDED || state === Pod_State.FAILED;
}
