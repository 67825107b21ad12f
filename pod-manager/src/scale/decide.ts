import type { ScalingSettings } from "./settings.ts";

/** How often pods may be taken away. */
export const STEP_MS = 2000;
/** Nobody looked for so long: what happened meanwhile is not known. */
const GAP_MS = 10_000;

/** A module whose pod does not become ready for so long need not have one. */
const START_MS = 60_000;

/** Pods are only taken away when so much of a pod more would not be needed either: a load at an edge does not flap. */
const SLACK_PODS = 0.2;

/** What is seen of one module. */
export interface Observation {
  /** Mean of the calls that run and wait over the stable window; undefined where nothing is known. */
  readonly stable: number | undefined;
  /** The same over the panic window. */
  readonly panic: number | undefined;
  /** Calls that run and wait now. */
  readonly load: number;
  /** Pods that take calls. */
  readonly ready: number;
  /** Pods with sessions that may not end: their objects would be lost. */
  readonly held: number;
  /** Calls that a pod runs at once. */
  readonly capacity: number;
}

/** What is remembered from one decision to the next. */
export interface Memory {
  readonly wanted: number;
  /** The last decision's time. */
  readonly at: number;
  /** Observed without a gap since then. */
  readonly since: number;
  /** Pods that took calls then. */
  readonly ready: number;
  /** Neither a call nor a session since then. */
  readonly idleSince: number | undefined;
  /** A burst was last seen then. */
  readonly burstAt: number | undefined;
  /** Calls have waited without a ready pod since then. */
  readonly wokenAt: number | undefined;
  /** Pods were last taken away then. */
  readonly loweredAt: number | undefined;
  /** What was needed within the scale-down delay: later ones are smaller. */
  readonly needs: readonly { readonly at: number; readonly pods: number }[];
}

export interface Decision {
  readonly wanted: number;
  /** In words, of the change or of staying. */
  readonly reason: string;
}

export function beginMemory(settings: ScalingSettings, now: number): Memory {
  return {
    wanted: Math.min(settings.maxPods, Math.max(settings.minPods, settings.initialPods)),
    at: now,
    since: now,
    ready: 0,
    idleSince: undefined,
    burstAt: undefined,
    wokenAt: undefined,
    loweredAt: undefined,
    needs: [],
  };
}

/**
 * How many pods there should be, in the manner of Knative's autoscaler: as many as keep the workers at the target utilisation by
 * the mean of a stable window; in a burst by that of a short one, and nothing is taken away for a stable window after it.
 * Three things differ: the first pod's calls are answered before more pods are started for them; load that is over starts
 * nothing; and what was not observed is not idle.
 */
export function decide(
  before: Memory,
  seen: Observation,
  settings: ScalingSettings,
  now: number,
): { readonly memory: Memory; readonly decision: Decision } {
  const memory = observe(before, seen, settings, now);
  const { wanted } = memory;
  const decision = raised(memory, seen, settings) ?? lowered(memory, seen, settings);
  const within = Math.min(settings.maxPods, Math.max(settings.minPods, decision.wanted));
  const loweredAt = within < wanted ? now : memory.loweredAt;
  return { memory: { ...memory, wanted: within, loweredAt }, decision: { ...decision, wanted: within } };
}

/** The memory with what is seen now; where the clock was set, or nobody looked, only the number of pods still counts. */
function observe(before: Memory, seen: Observation, settings: ScalingSettings, now: number): Memory {
  const unbroken = now >= before.at && now - before.at <= GAP_MS;
  const kept = unbroken
    ? before
    : {
        ...before,
        since: now,
        idleSince: undefined,
        burstAt: undefined,
        wokenAt: undefined,
        loweredAt: undefined,
        needs: [],
      };
  const isBurst = podsFor(seen.panic, seen, settings) / Math.max(1, seen.ready) >= settings.panicThreshold;
  const burstAt = isBurst ? now : kept.burstAt;
  const inBurst = burstAt !== undefined && now - burstAt <= settings.stableWindow;
  const need = neededPods(seen, settings, inBurst, SLACK_PODS);
  const later = kept.needs.filter(({ at, pods }) => now - at < settings.scaleDownDelay && pods > need);
  const isFirstReady = before.ready === 0 && seen.ready > 0;
  const isIdle = seen.load === 0 && seen.held === 0 && seen.stable !== undefined && !isFirstReady;
  return {
    wanted: before.wanted,
    at: now,
    since: kept.since,
    ready: seen.ready,
    idleSince: isIdle ? (kept.idleSince ?? now) : undefined,
    burstAt: inBurst ? burstAt : undefined,
    wokenAt: seen.load > 0 && seen.ready === 0 ? (kept.wokenAt ?? now) : undefined,
    loweredAt: kept.loweredAt,
    needs: [...later, { at: now, pods: need }],
  };
}

function neededPods(seen: Observation, settings: ScalingSettings, inBurst: boolean, slack = 0): number {
  const byLoad = Math.max(
    podsFor(seen.stable, seen, settings, slack),
    inBurst ? podsFor(seen.panic, seen, settings, slack) : 0,
  );
  const most = Math.ceil(settings.maxScaleUpRate * Math.max(1, seen.ready));
  return Math.max(floorOf(seen, settings), Math.min(byLoad, most));
}

/** More pods; undefined where none are needed. */
function raised(memory: Memory, seen: Observation, settings: ScalingSettings): Decision | undefined {
  const { wanted, at, wokenAt } = memory;
  const floor = floorOf(seen, settings);
  const isFirst = wokenAt !== undefined && at - wokenAt < settings.panicWindow;
  const justified = isFirst ? 1 : podsFor(seen.load, seen, settings);
  const pods = Math.max(
    seen.load > 0 ? 1 : 0,
    floor,
    Math.min(neededPods(seen, settings, memory.burstAt !== undefined), justified),
  );
  if (pods <= wanted) return undefined;
  if (wanted === 0 && seen.load > 0) return { wanted: pods, reason: "A call waits" };
  if (pods === floor)
    return { wanted: pods, reason: seen.held < floor ? "min_pods" : "Sessions hold objects" };
  const mean = Math.max(seen.stable ?? 0, memory.burstAt === undefined ? 0 : (seen.panic ?? 0));
  return { wanted: pods, reason: `${round(mean)} calls at once, ${seen.load} now` };
}

/** As many pods, or fewer. */
function lowered(memory: Memory, seen: Observation, settings: ScalingSettings): Decision {
  const { wanted, at } = memory;
  const stay = (reason: string): Decision => ({ wanted, reason });
  if (wanted > settings.maxPods) return { wanted: settings.maxPods, reason: "max_pods" };
  if (wanted <= 1) return idled(memory, seen, settings);
  const needed = Math.max(1, ...memory.needs.map(({ pods }) => pods));
  if (needed >= wanted) return stay("As many as needed");
  if (seen.stable === undefined) return stay("Nothing is known of the load");
  if (memory.burstAt !== undefined) return stay("A burst was seen within the stable window");
  if (at - memory.since < settings.stableWindow) return stay("Not yet observed for a stable window");
  if (memory.loweredAt !== undefined && at - memory.loweredAt < STEP_MS)
    return stay("Pods were taken away just now");
  const least = Math.floor(wanted / settings.maxScaleDownRate);
  return { wanted: Math.max(needed, least), reason: `${round(seen.stable)} calls at once need ${needed}` };
}

function idled({ wanted, at, idleSince }: Memory, seen: Observation, settings: ScalingSettings): Decision {
  // A pod that starts is given the time for that: whoever woke the module may come again.
  const timeout = settings.idleTimeout + (seen.ready === 0 ? START_MS : 0);
  const isIdle = idleSince !== undefined && at - idleSince >= timeout;
  if (wanted === 0 || !isIdle || floorOf(seen, settings) > 0) return { wanted, reason: "As many as needed" };
  return { wanted: 0, reason: `No call and no session for ${settings.idleTimeout / 1000} s` };
}

/** Those that must stay whatever the load is. */
function floorOf({ held }: Observation, { minPods }: ScalingSettings): number {
  return Math.max(minPods, held);
}

function podsFor(
  load: number | undefined,
  { capacity }: Observation,
  settings: ScalingSettings,
  slack = 0,
): number {
  return Math.ceil((load ?? 0) / (capacity * settings.targetUtilization) + slack);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
