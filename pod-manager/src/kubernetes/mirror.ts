import type { KubernetesObject } from "./objects.ts";

export interface MirrorListener<T extends KubernetesObject> {
  readonly onAdd?: (object: T) => void;
  readonly onUpdate?: (object: T, before: T) => void;
  readonly onDelete?: (object: T) => void;
}

/**
 * The objects of one list, by name, as last heard. Time never goes back in it: what is older than what is known, or than the deletion of that
 * object, changes nothing. One that was made anew under a known name is told as deleted and added.
 */
export function createMirror<T extends KubernetesObject>(listener: MirrorListener<T>) {
  const objects = new Map<string, T>();
  /** All up to this version has been heard. */
  let heard = 0n;

  function hear(version: string): void {
    const number = versionOf(version);
    if (number > heard) heard = number;
  }

  function put(object: T): void {
    const { name, uid, resourceVersion } = object.metadata;
    const before = objects.get(name);
    if (before === undefined) {
      objects.set(name, object);
      listener.onAdd?.(object);
    } else if (before.metadata.uid !== uid) {
      if (versionOf(resourceVersion) < versionOf(before.metadata.resourceVersion)) return;
      objects.delete(name);
      listener.onDelete?.(before);
      objects.set(name, object);
      listener.onAdd?.(object);
    } else if (versionOf(resourceVersion) > versionOf(before.metadata.resourceVersion)) {
      objects.set(name, object);
      listener.onUpdate?.(object, before);
    }
  }

  function remove(name: string): void {
    const before = objects.get(name);
    if (before === undefined) return;
    objects.delete(name);
    listener.onDelete?.(before);
  }

  return {
    get: (name: string): T | undefined => objects.get(name),
    all: (): Iterable<T> => objects.values(),
    get size(): number {
      return objects.size;
    },

    /** All there is, as of that version. */
    replace(list: readonly T[], version: string): void {
      const there = new Set(list.map(({ metadata }) => metadata.name));
      const asOf = versionOf(version);
      for (const { metadata } of [...objects.values()])
        if (!there.has(metadata.name) && versionOf(metadata.resourceVersion) <= asOf) remove(metadata.name);
      for (const object of list) put(object);
      heard = asOf;
    },

    /** From the watch: made or changed. */
    changed(object: T): void {
      put(object);
      hear(object.metadata.resourceVersion);
    },

    /** From the watch: deleted. */
    deleted(object: T): void {
      const { name, uid, resourceVersion } = object.metadata;
      if (objects.get(name)?.metadata.uid === uid) remove(name);
      hear(resourceVersion);
    },

    hear,

    /** What the API server answered to a write of our own, before the watch tells it. */
    written(object: T): void {
      const { name, resourceVersion } = object.metadata;
      // Not known and not newer than all that was heard: its deletion has been heard already.
      if (objects.has(name) || versionOf(resourceVersion) > heard) put(object);
    },
  };
}

export type Mirror<T extends KubernetesObject> = ReturnType<typeof createMirror<T>>;

/** The API server's versions are numbers of one growing sequence. */
export function versionOf(resourceVersion: string): bigint {
  return /^[0-9]{1,30}$/.test(resourceVersion) ? BigInt(resourceVersion) : 0n;
}
