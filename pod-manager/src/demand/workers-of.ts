import type { Module } from "@podule/proto/podule/v1/modules.ts";
import type { ModuleDirectory } from "../modules/module-directory.ts";
import { callsAtOnce, effectiveSpec, emptySpec } from "../modules/module-spec.ts";

/** Calls that each pod of a module runs at once, where it may have several pods. Asked for each call: read once for each state of the module. */
export function createWorkersOf(directory: Pick<ModuleDirectory, "getModule">) {
  const known = new WeakMap<Module, number>();
  return (id: string): number | undefined => {
    const module = directory.getModule(id);
    if (module === undefined) return undefined;
    let workers = known.get(module);
    if (workers === undefined) {
      const spec = effectiveSpec(id, module.spec ?? emptySpec());
      workers = spec.scaling.maxPods === 1 ? 0 : callsAtOnce(spec);
      known.set(module, workers);
    }
    return workers === 0 ? undefined : workers;
  };
}
