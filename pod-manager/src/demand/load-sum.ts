import type { ModuleDemand } from "@podule/proto/podule/internal/v1/managers.ts";
import type { ModuleLoad } from "../scale/module-load.ts";

type Link = ModuleLoad["links"][number];

/** A module's load over all replicas: this one's, read as it is, and what the others told last. */
export class LoadSum implements ModuleLoad {
  readonly id: string;
  own: ModuleLoad | undefined;
  readonly others = new Map<object, ModuleDemand>();

  constructor(id: string) {
    this.id = id;
  }

  get waiting(): number {
    let waiting = this.own?.waiting ?? 0;
    for (const other of this.others.values()) waiting += other.waiting;
    return waiting;
  }

  get links(): readonly Link[] {
    const own = this.own?.links ?? [];
    if (this.others.size === 0) return own;
    const links = new Map<string, Link>(own.map((link) => [link.name, link]));
    for (const { pods } of this.others.values())
      for (const { pod, calls, sessions } of pods) {
        const known = links.get(pod);
        links.set(pod, {
          name: pod,
          usable: known?.usable ?? false,
          inFlight: (known?.inFlight ?? 0) + calls,
          sessions: (known?.sessions ?? 0) + sessions,
        });
      }
    return [...links.values()];
  }

  get isEmpty(): boolean {
    return this.others.size === 0 && this.own === undefined;
  }
}

/** What this replica asks of the pods of a module. */
export function demandOf(load: ModuleLoad): ModuleDemand {
  return {
    module: load.id,
    waiting: load.waiting,
    pods: load.links
      .filter(({ inFlight, sessions }) => inFlight > 0 || sessions > 0)
      .map(({ name, inFlight, sessions }) => ({ pod: name, calls: inFlight, sessions })),
  };
}

export function asksNothing({ waiting, pods }: ModuleDemand): boolean {
  return waiting === 0 && pods.length === 0;
}
