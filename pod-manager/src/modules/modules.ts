import { statusError } from "@podule/grpc";
import type { Module, ModuleSpec, ModulesDefinition } from "@podule/proto/podule/v1/modules.ts";
import { type ServiceImplementation, Status } from "nice-grpc";
import type { Environments } from "../environments/environments.ts";
import { createSlots } from "../environments/slots.ts";
import type { Leadership } from "../kubernetes/lease-election.ts";
import type { PodBackend } from "../pods/pod-backend.ts";
import { createKeyedMutex } from "./keyed-mutex.ts";
import { createModuleChanges, moduleNotFound } from "./module-changes.ts";
import type { ModuleDirectory } from "./module-directory.ts";
import { checkModuleId, idOf } from "./module-id.ts";
import { emptySpec, environmentRequest, specViolations } from "./module-spec.ts";
import type { ModuleStore, SharedModuleStore } from "./module-store.ts";
import { createModulesService } from "./modules-service.ts";
import { afterRestart, newModule, newUid } from "./new-module.ts";
import { createPersistence } from "./persistence.ts";
import { createReconciler } from "./reconciler.ts";
import { refuse } from "./refuse.ts";
import { createRegistry } from "./registry.ts";
import { isShared, shareModules } from "./shared-modules.ts";
import type { Sources } from "./sources.ts";
import type { PodScale } from "./wanted-pods.ts";
import { whenGone } from "./when-gone.ts";

export interface ModulesOptions {
  /** `createLocalModuleStore({ stateDir, namespace })`, or, with `leadership`, one that others write to. */
  readonly store: ModuleStore | SharedModuleStore;
  /** Where there are other replicas on the same store: the one that leads reconciles. */
  readonly leadership?: Pick<Leadership, "isLeader" | "watch">;
  /** `createLocalSources({ stateDir, namespace })`: copies of users' code. */
  readonly sources: Sources;
  /** `createEnvironments({ cacheDir, uv })`; closed with the modules. */
  readonly environments: Environments;
  readonly pods: PodBackend;
  /** How many pods each module has. Default: one. */
  readonly scale?: PodScale;
  /** Whether a call to a module that does not exist makes it. Default true. */
  readonly autoCreate?: boolean;
  /** Hears what an operator should know. Default: stderr. */
  readonly log?: (message: string) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface Modules {
  readonly directory: ModuleDirectory;
  readonly service: ServiceImplementation<ModulesDefinition>;
  /** Takes hold of the store, brings back what is in it, begins to reconcile. */
  start(): Promise<void>;
  /** Ends reconciling and every `uv` process; pods are the backend's to end. */
  close(): Promise<void>;
}

/** Its machines are not this one: the scheduler knows what they can take. */
const STARTS_ON_A_CLUSTER = 200;
/** Fewer than environments resolve at once: modules that are wanted come through. */
const VALIDATIONS = 2;
const WAITING_VALIDATIONS = 100;

export function createModules(options: ModulesOptions): Modules {
  const { store, sources, environments, pods, autoCreate = true, log = console.error } = options;
  const { now = Date.now } = options;
  const registry = createRegistry((error) => log(`A listener to modules failed: ${String(error)}`));
  const mutex = createKeyedMutex();
  const closing = new AbortController();
  const validations = createSlots(VALIDATIONS, { mayWait: WAITING_VALIDATIONS, refuse: tooManyValidations });
  const persistence = createPersistence({ store, registry, mutex, log });
  const makeReconciler = () =>
    createReconciler({
      registry,
      pods,
      environments,
      sources,
      log,
      now,
      ...(options.scale === undefined ? {} : { scale: options.scale }),
      ...(options.leadership === undefined ? {} : { starts: STARTS_ON_A_CLUSTER }),
      onStatus: persistence.writeLater,
      remove: (module) =>
        mutex.run(idOf(module), async () => {
          await store.remove(idOf(module));
          registry.remove(idOf(module));
          await sources.prune(module.uid);
        }),
    });
  const validate = (id: string, spec: ModuleSpec, signal: AbortSignal) =>
    validations.hold(signal, async () => {
      if (spec.path !== "") await sources.check(spec.path);
      await environments.resolve(environmentRequest(id, spec), { signal, fresh: true });
    });
  const clock = () => new Date(now());
  const { leadership } = options;
  const shared =
    leadership !== undefined && isShared(store)
      ? shareModules({
          registry,
          store,
          leadership,
          makeReconciler,
          validate,
          now: clock,
          log,
          ...scaleOf(options),
        })
      : undefined;
  const reconciler = shared?.reconciler ?? makeReconciler();
  const changes =
    shared?.changes ??
    createModuleChanges({ registry, store, sources, reconciler, mutex, now: clock, validate });

  function ensureModule(id: string): Module {
    checkModuleId(id, "module");
    if (registry.get(id) !== undefined) reconciler.wantedByCall(id);
    const found = registry.get(id);
    if (found !== undefined) return found;
    if (!autoCreate) throw moduleNotFound(id);
    refuse(specViolations(id, emptySpec()));
    if (shared !== undefined) return shared.createByCall(id);
    const module = newModule(id, newUid(), emptySpec(), new Date(now()));
    registry.add(module);
    persistence.writeLater(id);
    reconciler.enqueue(id);
    return module;
  }

  return {
    directory: { getModule: registry.get, ensureModule, watch: registry.watch },
    service: createModulesService({
      registry,
      changes,
      closing: closing.signal,
      gone: (id, uid, signal) => whenGone(registry, id, uid, signal),
    }),
    async start() {
      if (shared !== undefined) {
        await shared.start();
        return;
      }
      const found = await store.open(() => {});
      for (const module of found) {
        registry.restore(afterRestart(module, new Date(now())));
        await sources.prune(module.uid, module).catch((error: unknown) => log(String(error)));
      }
      await sources.retain(new Set(found.map(({ uid }) => uid)));
      reconciler.start();
    },
    async close() {
      closing.abort(statusError(Status.UNAVAILABLE, "SHUTTING_DOWN", "The pod manager is ending"));
      await Promise.all([reconciler.close(), environments.close()]);
      await persistence.close();
      await store.close();
    },
  };
}

function scaleOf({ scale }: ModulesOptions): { readonly scale?: PodScale } {
  return scale === undefined ? {} : { scale };
}

function tooManyValidations() {
  return statusError(
    Status.RESOURCE_EXHAUSTED,
    "TOO_MANY_VALIDATIONS",
    `${WAITING_VALIDATIONS} requests with validate_only wait already`,
    { retryAfterMs: 1000 },
  );
}
