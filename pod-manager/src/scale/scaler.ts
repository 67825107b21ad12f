import type { Module, ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import { callsAtOnce, effectiveSpec, emptySpec } from "../modules/module-spec.ts";
import { millisecondsOf } from "../modules/module-status.ts";
import { isAdopted } from "../modules/progress.ts";
import type { PodScale, WantedPods } from "../modules/wanted-pods.ts";
import type { PodBackend, PodLoad } from "../pods/pod-backend.ts";
import { beginMemory, decide, type Memory, type Observation } from "./decide.ts";
import { createLoadHistory, type LoadHistory } from "./load-history.ts";
import type { ModuleLoad } from "./module-load.ts";
import type { ScalingSettings } from "./settings.ts";

const TICK_MS = 1000;
/** How soon a load that the pods cannot take is looked at. */
const HURRY_MS = 200;

export interface Scaler extends PodScale {
  /** The module's load has changed. Called for each call: cheap. */
  onLoad(load: ModuleLoad): void;
  /** Workers of each pod of a module that may have several pods. */
  workersOf(id: string): number | undefined;
  close(): void;
}

interface Entry {
  readonly id: string;
  readonly uid: string;
  readonly history: LoadHistory;
  /** The settings are of it; another spec is another object. */
  spec: ModuleSpec | undefined;
  settings: ScalingSettings;
  /** Calls that one pod runs at once. */
  capacity: number;
  memory: Memory;
  decided: WantedPods;
  hurry: NodeJS.Timeout | undefined;
  /** When sessions of its pods were last seen to be used, by the pods' names. */
  used: ReadonlyMap<string, Use>;
}

interface Use {
  /** What the pod told then: it tells whenever it has had a call, so another message is another use. */
  readonly told: PodLoad | undefined;
  readonly at: number;
}

/** Follows the load of each module, pushed by what routes the calls and by the pods, and decides how many pods it should have. */
export function createScaler(options: {
  readonly pods: PodBackend;
  /** Milliseconds that only grow. */
  readonly clock?: () => number;
}): Scaler {
  const { pods, clock = () => performance.now() } = options;
  const entries = new Map<string, Entry>();
  const loads = new Map<string, ModuleLoad>();
  const listeners = new Set<(id: string) => void>();
  const stopWatching = pods.watchLoads(({ module }) => {
    const load = loads.get(module);
    if (load !== undefined) onLoad(load);
  });
  const ticker = setInterval(() => {
    for (const entry of entries.values())
      if (entry.memory.wanted > 0 || levelOf(loads.get(entry.id)) > 0) look(entry);
    for (const { id, waiting, links } of loads.values())
      if (waiting === 0 && links.length === 0 && !entries.has(id)) loads.delete(id);
  }, TICK_MS);
  ticker.unref();

  function onLoad(load: ModuleLoad): void {
    const { id } = load;
    if (loads.get(id) !== load) loads.set(id, load);
    const entry = entries.get(id);
    if (entry === undefined) return;
    const level = levelOf(load);
    entry.history.report(clock(), level);
    if (level === 0 || entry.hurry !== undefined) return;
    if (entry.memory.wanted === 0) look(entry);
    else if (level > entry.memory.wanted * entry.capacity * entry.settings.targetUtilization) {
      entry.hurry = setTimeout(() => {
        entry.hurry = undefined;
        look(entry);
      }, HURRY_MS);
      entry.hurry.unref();
    }
  }

  function look(entry: Entry): void {
    const now = clock();
    const { wanted } = entry.memory;
    const { memory, decision } = decide(entry.memory, observe(entry, now), entry.settings, now);
    entry.memory = memory;
    if (memory.wanted === wanted) return;
    entry.decided = { ...decision, at: Date.now() };
    for (const listener of listeners) listener(entry.id);
  }

  function observe(entry: Entry, now: number): Observation {
    const { id, history, settings, capacity } = entry;
    const load = loads.get(id);
    entry.used = usesOf(load, entry.used, now);
    const level = levelOf(load);
    history.report(now, level);
    const usable = load?.links.filter((link) => link.usable) ?? [];
    return {
      stable: history.average(now, settings.stableWindow),
      panic: history.average(now, settings.panicWindow),
      load: level,
      ready: usable.length,
      held: usable.filter((link) => isHeld(link, entry, now)).length,
      capacity,
    };
  }

  /** A pod knows of the calls within sessions too, but tells it a little later. */
  function levelOf(load: ModuleLoad | undefined): number {
    if (load === undefined) return 0;
    let level = load.waiting;
    for (const { name, inFlight, usable } of load.links)
      level += usable ? Math.max(inFlight, pods.loadOf(name)?.calls ?? 0) : inFlight;
    return level;
  }

  function sessionsOf({ name, sessions }: ModuleLoad["links"][number]): number {
    return Math.max(sessions, pods.loadOf(name)?.sessions ?? 0);
  }

  function usesOf(load: ModuleLoad | undefined, before: Entry["used"], now: number): Entry["used"] {
    const uses = new Map<string, Use>();
    for (const { name, inFlight } of load?.links ?? []) {
      const told = pods.loadOf(name);
      const known = before.get(name);
      const isUsed = known === undefined || known.told !== told || inFlight > 0 || (told?.calls ?? 0) > 0;
      uses.set(name, isUsed ? { told, at: now } : known);
    }
    return uses;
  }

  /** Whether its sessions keep the pod. */
  function isHeld(link: ModuleLoad["links"][number], { used, settings }: Entry, now: number): boolean {
    if (sessionsOf(link) === 0) return false;
    return now - (used.get(link.name)?.at ?? now) < settings.leaseTimeout;
  }

  function worthOf(id: string): ReadonlyMap<string, number> {
    const links = loads.get(id)?.links ?? [];
    // A session is worth more than any number of calls.
    return new Map(links.map((link) => [link.name, sessionsOf(link) * 1e6 + link.inFlight]));
  }

  function begin(id: string, module: Module): Entry {
    const settings = effectiveSpec(id, module.spec ?? emptySpec()).scaling;
    const planned = beginMemory(settings, clock());
    const adopted = isAdopted(module) ? module.status?.scaling : undefined;
    // What another manager decided goes on.
    const memory =
      adopted === undefined ? planned : { ...planned, wanted: within(settings, adopted.wantedPods) };
    clearTimeout(entries.get(id)?.hurry);
    const entry: Entry = {
      id,
      uid: module.uid,
      history: createLoadHistory(settings.stableWindow),
      spec: module.spec,
      settings,
      capacity: 1,
      memory,
      decided: {
        wanted: memory.wanted,
        reason: adopted?.reason ?? "To begin with",
        at: millisecondsOf(adopted?.time) ?? Date.now(),
      },
      hurry: undefined,
      used: new Map(),
    };
    entries.set(id, entry);
    return entry;
  }

  return {
    onLoad,
    workersOf(id) {
      const entry = entries.get(id);
      return entry === undefined || entry.settings.maxPods === 1 ? undefined : entry.capacity;
    },
    wantedPods(module) {
      const id = module.name.slice("modules/".length);
      const spec = module.spec ?? emptySpec();
      const known = entries.get(id);
      const entry = known?.uid === module.uid ? known : begin(id, module);
      const effective = effectiveSpec(id, spec);
      entry.capacity = callsAtOnce(effective);
      if (entry.spec !== module.spec) {
        entry.spec = module.spec;
        entry.settings = effective.scaling;
        entry.history.resize(entry.settings.stableWindow);
        look(entry);
      }
      return entry.decided;
    },
    order(own) {
      const [first] = own;
      if (first === undefined || own.length === 1) return own;
      const worth = worthOf(first.module.slice("modules/".length));
      return [...own].sort((a, b) => (worth.get(b.name) ?? 0) - (worth.get(a.name) ?? 0));
    },
    forget(id) {
      clearTimeout(entries.get(id)?.hurry);
      entries.delete(id);
      loads.delete(id);
    },
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      stopWatching();
      clearInterval(ticker);
      for (const { hurry } of entries.values()) clearTimeout(hurry);
    },
  };
}

function within({ minPods, maxPods }: ScalingSettings, pods: number): number {
  return Math.min(maxPods, Math.max(minPods, pods));
}
