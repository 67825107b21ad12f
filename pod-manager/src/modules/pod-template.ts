import type { Module } from "@podule/proto/podule/v1/modules.ts";
import type { PodTemplate } from "../pods/pod-backend.ts";
import { idOf } from "./module-id.ts";
import { effectiveSpec, emptySpec } from "./module-spec.ts";
import type { Prepared } from "./prepare.ts";

/** The pod that runs this generation of a module. */
export function podTemplate(module: Module, { environment, sourceFolder }: Prepared): PodTemplate {
  const moduleId = idOf(module);
  const spec = effectiveSpec(moduleId, module.spec ?? emptySpec());
  return {
    moduleId,
    generation: module.generation,
    importName: spec.importName,
    python: environment.python,
    workers: spec.workers,
    worker: spec.worker,
    moduleUid: module.uid,
    cpu: spec.cpu,
    memory: spec.memory,
    env: spec.env,
    ...(spec.image === "" ? {} : { image: spec.image }),
    ...(environment.lock === undefined ? {} : { lock: environment.lock }),
    ...(sourceFolder === undefined ? {} : { sourceFolder }),
    ...(spec.workerMemoryLimit === undefined ? {} : { workerMemoryLimit: spec.workerMemoryLimit }),
  };
}
