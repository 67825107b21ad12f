export interface SimulatedScaler {
  /** The load has changed. */
  push?(at: number, level: number): void;
  /** Each second: the mean load of the last one. */
  report?(at: number, mean: number): void;
  /** Each second: the number of pods wanted. */
  look(now: number, ready: number, load: number): number;
  /** Another one goes on from here: it knows the number of pods, and nothing else. */
  handOver?(now: number): void;
}

export interface Trace {
  /** Calls that begin in each second, at that second. */
  readonly rate: (second: number) => number;
  readonly seconds: number;
  /** Seconds in which no report arrives. */
  readonly isDeaf?: (second: number) => boolean;
  /** How far the autoscaler's clock is off, milliseconds. */
  readonly offset?: (second: number) => number;
  /** Seconds at which another manager leads from then on. */
  readonly handOvers?: ReadonlySet<number>;
  /** Seconds between two looks at the calls. Default 0.05. */
  readonly step?: number;
}

export interface Outcome {
  /** Ready pods, at each second. */
  readonly pods: readonly number[];
  /** Pods that were wanted, at each second. */
  readonly wanted: readonly number[];
  /** As many as keep the workers at the target by the calls that begin. */
  readonly ideal: readonly number[];
  /** Pod seconds above and below the ideal. */
  readonly over: number;
  readonly under: number;
  /** Seconds that calls waited, all together. */
  readonly waited: number;
  readonly answered: number;
  readonly begun: number;
  /** How often another number of pods was wanted. */
  readonly changes: number;
}

const DEFAULT_STEP_S = 0.05;
/** From the decision to the first call that a new pod takes. */
const START_S = 0.5;
const CALL_S = 0.5;
const TARGET = 0.7;

/** Calls of half a second on pods that run one at a time, under an autoscaler. The same trace gives the same outcome. */
export function simulate(trace: Trace, scaler: SimulatedScaler): Outcome {
  const starting: number[] = [];
  let ready = 0;
  let waiting = 0;
  let running: number[] = [];
  let due = 0;
  let sum = 0;
  const outcome = { over: 0, under: 0, waited: 0, answered: 0, begun: 0, changes: 0 };
  const pods: number[] = [];
  const wantedPods: number[] = [];
  const ideals: number[] = [];
  let wanted = 1;
  starting.push(START_S);
  const stepS = trace.step ?? DEFAULT_STEP_S;
  const stepsASecond = Math.round(1 / stepS);
  for (let step = 0; step < trace.seconds * stepsASecond; step++) {
    const now = step * stepS;
    const second = Math.floor(step / stepsASecond);
    while (starting[0] !== undefined && starting[0] <= now) {
      starting.shift();
      ready++;
    }
    const left = running.filter((end) => end > now + 1e-9);
    outcome.answered += running.length - left.length;
    running = left;
    due += trace.rate(second) * stepS;
    for (; due >= 1 - 1e-9; due--) {
      waiting++;
      outcome.begun++;
    }
    for (; waiting > 0 && running.length < ready; waiting--) running.push(now + CALL_S);
    outcome.waited += waiting * stepS;
    const load = waiting + running.length;
    sum += load;
    const isDeaf = trace.isDeaf?.(second) === true;
    const clock = Math.round((now + stepS) * 1000) + (trace.offset?.(second) ?? 0);
    if (!isDeaf) scaler.push?.(clock, load);
    if ((step + 1) % stepsASecond !== 0) continue;
    if (!isDeaf) scaler.report?.(clock, sum / stepsASecond);
    sum = 0;
    const before = wanted;
    if (trace.handOvers?.has(second) === true) scaler.handOver?.(clock);
    wanted = scaler.look(clock, ready, isDeaf ? 0 : load);
    if (wanted !== before) outcome.changes++;
    while (ready + starting.length > wanted) {
      // Its running call goes on: a pod that drains.
      if (starting.pop() === undefined) ready--;
    }
    while (ready + starting.length < wanted) starting.push(now + stepS + START_S);
    const ideal = Math.ceil((trace.rate(second) * CALL_S) / TARGET - 1e-9);
    pods.push(ready);
    wantedPods.push(wanted);
    ideals.push(ideal);
    outcome.over += Math.max(0, ready - ideal);
    outcome.under += Math.max(0, ideal - ready);
  }
  return { ...outcome, pods, wanted: wantedPods, ideal: ideals };
}
