import { type Module, Module_State, module_StateToJSON } from "@podule/proto/podule/v1/modules.ts";
import type { FilterFields } from "./filter.ts";

/** What modules can be filtered by. */
export const MODULE_FIELDS: FilterFields<Module> = {
  name: ({ name }) => name,
  "status.state": ({ status }) => module_StateToJSON(status?.state ?? Module_State.STATE_UNSPECIFIED),
  "spec.import_name": ({ spec }) => spec?.importName ?? "",
  "spec.python": ({ spec }) => spec?.python ?? "",
  "spec.dependency": ({ spec }) => spec?.dependency ?? [],
};
