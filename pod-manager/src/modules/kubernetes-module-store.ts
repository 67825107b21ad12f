import { randomUUID } from "node:crypto";
import { statusError } from "@podule/grpc";
import type { Module, ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import { Status } from "nice-grpc";
import {
  isAlreadyExists,
  isConflict,
  isInvalid,
  isNotFound,
  kubernetesFailure,
} from "../kubernetes/api-error.ts";
import { FIELD_MANAGER, type KubernetesClient } from "../kubernetes/client.ts";
import type { Leadership } from "../kubernetes/lease-election.ts";
import { objectNameOf } from "../kubernetes/module-names.ts";
import { FINALIZER, type ModuleObject, readModuleObject } from "../kubernetes/module-object.ts";
import {
  finalizersPatch,
  newObject,
  saysStatus,
  specPatch,
  statusApply,
} from "../kubernetes/module-writes.ts";
import { resourcePaths } from "../kubernetes/paths.ts";
import { createReflector, type Reflector } from "../kubernetes/reflector.ts";
import { idOf, moduleName } from "./module-id.ts";
import type { SharedModuleStore, StoreEvent } from "./module-store.ts";

export interface KubernetesModuleStoreOptions {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly leadership: Pick<Leadership, "isLeader">;
  readonly log?: (message: string) => void;
}

const NOT_KEPT = "The module could not be kept";

/** Modules as objects of the Kubernetes API, mirrored here; statuses are written by the leader alone. */
export function createKubernetesModuleStore(options: KubernetesModuleStoreOptions): SharedModuleStore {
  const { client, namespace, leadership, log = console.error } = options;
  const modules = resourcePaths(namespace).modules;
  const managed = { query: { fieldManager: FIELD_MANAGER } };
  let reflector: Reflector<ModuleObject> | undefined;

  function eventOf(object: ModuleObject): StoreEvent | undefined {
    if (object.id === undefined) return undefined;
    const { id, module, refresh } = object;
    return isReleased(object) ? { type: "REMOVED", id } : { type: "PUT", module, refresh };
  }

  function find(id: string): ModuleObject | undefined {
    const object = reflector?.get(objectNameOf(id));
    return object?.id === id && !isReleased(object) ? object : undefined;
  }

  /** Takes in what the API server answered, as if it had been watched. */
  function take(answer: unknown): ModuleObject {
    const object = readModuleObject(answer);
    if (object === undefined) throw kubernetesFailure(NOT_KEPT, new Error("the answer is no Module"));
    reflector?.written(object);
    return object;
  }

  async function read(id: string): Promise<ModuleObject> {
    return take(await client.get(modules(objectNameOf(id))));
  }

  function known(module: Module): ModuleObject {
    const object = find(idOf(module));
    if (object?.metadata.uid === module.uid) return object;
    throw gone(module);
  }

  return {
    async open(listener) {
      const tell = (object: ModuleObject) => {
        const event = eventOf(object);
        if (event === undefined)
          log(`The Module ${object.metadata.name} is left alone: no module id has that name`);
        else listener(event);
      };
      reflector = createReflector<ModuleObject>({
        client,
        path: modules(),
        read: readModuleObject,
        log,
        onAdd: tell,
        onUpdate: tell,
        onDelete: ({ id }) => {
          if (id !== undefined) listener({ type: "REMOVED", id });
        },
      });
      reflector.start();
      await reflector.synced;
      return [];
    },

    all: () =>
      [...(reflector?.all() ?? [])].flatMap((object) => (find(object.id ?? "") ? [object.module] : [])),

    async create(id: string, spec: ModuleSpec) {
      const body = newObject(id, namespace, spec);
      try {
        return { module: take(await client.create(modules(), body, managed)).module, made: true };
      } catch (error) {
        if (!isAlreadyExists(error)) throw kubernetesFailure(NOT_KEPT, error);
      }
      const there = await read(id).catch((error: unknown) => {
        throw isNotFound(error) ? changedMeanwhile(moduleName(id)) : kubernetesFailure(NOT_KEPT, error);
      });
      return { module: there.module, made: false };
    },

    async update(before, spec, renew) {
      const object = known(before);
      if (object.module.etag !== before.etag) throw changedMeanwhile(before.name);
      const refresh = renew ? randomUUID() : object.refresh;
      const path = modules(object.metadata.name);
      try {
        return take(await client.patch(path, "json", specPatch(object, spec, refresh), managed)).module;
      } catch (error) {
        if (isNotFound(error)) throw gone(before);
        if (!isInvalid(error)) throw kubernetesFailure(NOT_KEPT, error);
        // A test of the patch that fails and a spec that is refused have the same code.
        const now = await read(idOf(before)).catch(() => object);
        throw now.module.etag === before.etag
          ? kubernetesFailure(NOT_KEPT, error)
          : changedMeanwhile(before.name);
      }
    },

    async beginDelete(module) {
      const object = known(module);
      const { uid } = object.metadata;
      try {
        const query = { propagationPolicy: "Background" };
        const answer = await client.delete(modules(object.metadata.name), {
          query,
          body: { kind: "DeleteOptions", apiVersion: "v1", preconditions: { uid } },
        });
        const marked = readModuleObject(answer);
        if (marked?.metadata.deletionTimestamp !== undefined) reflector?.written(marked);
      } catch (error) {
        if (!isNotFound(error)) throw kubernetesFailure("The module could not be deleted", error);
      }
    },

    async put(module) {
      const there = find(idOf(module));
      if (!leadership.isLeader() || there?.metadata.uid !== module.uid) return;
      // Its spec has moved on since: the next pass writes what is true then.
      if (there.module.generation !== module.generation) return;
      const path = modules(there.metadata.name);
      try {
        let object = there;
        if (isUnheld(object)) {
          const finalizers = finalizersPatch(object, [...object.metadata.finalizers, FINALIZER]);
          object = take(await client.patch(path, "merge", finalizers, managed));
        }
        if (!leadership.isLeader() || saysStatus(object, module)) return;
        const body = statusApply(object, module, new Date());
        const query = { ...managed.query, force: true };
        take(await client.patch(`${path}/status`, "apply", body, { query }));
      } catch (error) {
        if (isNotFound(error)) return;
        if (isConflict(error)) await read(idOf(module)).catch(() => {});
        throw kubernetesFailure("The module's status could not be kept", error);
      }
    },

    async remove(id) {
      const object = find(id);
      if (object === undefined || !leadership.isLeader()) return;
      const others = object.metadata.finalizers.filter((one) => one !== FINALIZER);
      const path = modules(object.metadata.name);
      try {
        await client.patch(path, "merge", finalizersPatch(object, others), managed);
      } catch (error) {
        if (isNotFound(error)) return;
        if (isConflict(error)) await read(id).catch(() => {});
        throw kubernetesFailure("The module could not be let go", error);
      }
    },

    async close() {
      await reflector?.close();
    },
  };
}

/** It is deleted, and nothing of it is left to this manager. */
function isReleased({ metadata }: ModuleObject): boolean {
  return metadata.deletionTimestamp !== undefined && !metadata.finalizers.includes(FINALIZER);
}

function isUnheld({ metadata }: ModuleObject): boolean {
  return metadata.deletionTimestamp === undefined && !metadata.finalizers.includes(FINALIZER);
}

function gone({ name }: Module) {
  return statusError(Status.NOT_FOUND, "MODULE_NOT_FOUND", `There is no module ${name}`, {
    metadata: { module: name },
  });
}

function changedMeanwhile(name: string) {
  return statusError(Status.ABORTED, "ETAG_MISMATCH", `${name} was changed at the same time: read it again`, {
    metadata: { module: name },
    retryAfterMs: 0,
  });
}
