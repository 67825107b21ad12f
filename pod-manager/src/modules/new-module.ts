import { createHash, randomUUID } from "node:crypto";
import {
  type Module,
  Module_State,
  Module as ModuleMessage,
  type ModuleSpec,
  Quotas,
  Scaling,
} from "@podule/proto/podule/v1/modules.ts";
import { moduleName } from "./module-id.ts";
import { timestampOf, withStatus } from "./module-status.ts";

export function newModule(id: string, uid: string, spec: ModuleSpec, now: Date): Module {
  const generation = 1n;
  const module = ModuleMessage.create({
    name: moduleName(id),
    spec,
    uid,
    etag: etagOf(uid, generation, spec),
    generation,
    createTime: timestampOf(now),
    updateTime: timestampOf(now),
  });
  return withStatus(module, { state: Module_State.RESOLVING, observedGeneration: generation }, now);
}

export function newUid(): string {
  return randomUUID();
}

/** The next generation of a module. */
export function withSpec(module: Module, spec: ModuleSpec, now: Date): Module {
  const generation = module.generation + 1n;
  const next = {
    ...module,
    spec,
    generation,
    etag: etagOf(module.uid, generation, spec),
    updateTime: timestampOf(now),
  };
  const change = { state: Module_State.RESOLVING, message: `Generation ${generation}`, startTimes: [] };
  return withStatus(next, change, now);
}

/** The module with a spec that its pods need not know: the same generation, for those that read it another version. */
export function withScaling(module: Module, spec: ModuleSpec, now: Date): Module {
  const etag = etagOf(module.uid, module.generation, spec);
  return { ...module, spec, etag, updateTime: timestampOf(now) };
}

/** A module read from a store: its pods went with the manager before. */
export function afterRestart(module: Module, now: Date): Module {
  if (module.status?.state === Module_State.DRAINING)
    return withStatus(module, { state: Module_State.DRAINING, pods: [] }, now);
  return withStatus(
    module,
    { state: Module_State.RESOLVING, message: "The pod manager has started", pods: [] },
    now,
  );
}

function etagOf(uid: string, generation: bigint, { scaling, quotas }: ModuleSpec): string {
  const hash = createHash("sha256").update(`${uid} ${generation}`);
  if (scaling !== undefined) hash.update(Scaling.encode(scaling).finish());
  if (quotas !== undefined) hash.update("quotas").update(Quotas.encode(quotas).finish());
  return hash.digest("base64url").slice(0, 16);
}
