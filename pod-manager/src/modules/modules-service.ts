import type { ModulesDefinition } from "@podule/proto/podule/v1/modules.ts";
import type { ServiceImplementation } from "nice-grpc";
import { compileFilter } from "./filter.ts";
import type { ModuleChanges } from "./module-changes.ts";
import { MODULE_FIELDS } from "./module-fields.ts";
import { badField, checkModuleId, parseModuleName } from "./module-id.ts";
import { emptySpec } from "./module-spec.ts";
import { watchModules } from "./module-watch.ts";
import { pageOf } from "./pages.ts";
import type { Registry } from "./registry.ts";

export interface ModulesServiceOptions {
  readonly registry: Registry;
  readonly changes: ModuleChanges;
  /** Resolves when the module of that uid is gone; rejects when `signal` aborts. */
  readonly gone: (id: string, uid: string, signal: AbortSignal) => Promise<void>;
  /** Aborts when the manager ends: watches end too. */
  readonly closing: AbortSignal;
}

export function createModulesService(
  options: ModulesServiceOptions,
): ServiceImplementation<ModulesDefinition> {
  const { registry, changes, closing } = options;
  return {
    async createModule({ moduleId, module, validateOnly }, { signal }) {
      const id = checkModuleId(moduleId, "module_id");
      return changes.create(id, module?.spec ?? emptySpec(), validateOnly ? signal : undefined);
    },

    async getModule({ name }) {
      return changes.find(parseModuleName(name, "name"));
    },

    async listModules(request) {
      const page = pageOf(registry.all(), request, compileFilter(request.filter, MODULE_FIELDS));
      return { modules: [...page.items], nextPageToken: page.nextPageToken };
    },

    async updateModule({ module, updateMask, validateOnly }, { signal }) {
      if (module === undefined) throw badField("module", "is missing");
      const id = parseModuleName(module.name, "module.name");
      const { etag, spec = emptySpec() } = module;
      return changes.update(id, { spec, etag, mask: updateMask }, validateOnly ? signal : undefined);
    },

    /** Answers when it is gone; a caller that does not wait for that changes nothing about it. */
    async deleteModule({ name, etag }, { signal }) {
      const id = parseModuleName(name, "name");
      const { uid } = await changes.beginDelete(id, etag);
      await options.gone(id, uid, AbortSignal.any([signal, closing]));
      return {};
    },

    async *watchModules({ filter }, { signal }) {
      const matches = compileFilter(filter, MODULE_FIELDS);
      yield* watchModules(registry, matches, AbortSignal.any([signal, closing]));
    },
  };
}
