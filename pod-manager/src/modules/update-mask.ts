import { ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import type { Violation } from "./module-spec.ts";

type Field = Exclude<keyof ModuleSpec, "_unknownFields">;

/** Paths of a mask by the name that the proto has and, as protobuf JSON writes them, in lowerCamelCase. */
const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ["import_name", "importName"],
  ["importName", "importName"],
  ["dependency", "dependency"],
  ["python", "python"],
  ["lib_cpu_req", "libCpuReq"],
  ["libCpuReq", "libCpuReq"],
  ["lib_mem_size_req", "libMemSizeReq"],
  ["libMemSizeReq", "libMemSizeReq"],
  ["lib_mem_size_limit", "libMemSizeLimit"],
  ["libMemSizeLimit", "libMemSizeLimit"],
  ["path", "path"],
  ["workers", "workers"],
]);
const ALL: ReadonlySet<Field> = new Set(FIELDS.values());

/** The fields that an update changes, and the paths that are none. */
export function maskedFields(
  mask: readonly string[] | undefined,
  update: ModuleSpec,
): { readonly fields: ReadonlySet<Field>; readonly violations: readonly Violation[] } {
  if (mask === undefined || mask.length === 0)
    return { fields: new Set([...ALL].filter((field) => !isEmpty(update[field]))), violations: [] };
  const fields = new Set<Field>();
  const violations: Violation[] = [];
  for (const [index, path] of mask.entries()) {
    const field = path.startsWith("spec.") ? FIELDS.get(path.slice("spec.".length)) : undefined;
    if (path === "spec" || path === "*") for (const each of ALL) fields.add(each);
    else if (field !== undefined) fields.add(field);
    else
      violations.push({
        field: `update_mask.paths[${index}]`,
        description: `${JSON.stringify(path.slice(0, 100))} is not a field that can be updated; expected "spec" or "spec.dependency" and the like`,
      });
  }
  return { fields, violations };
}

/** The current spec with those fields of the update. */
export function mergeSpec(current: ModuleSpec, update: ModuleSpec, fields: ReadonlySet<Field>): ModuleSpec {
  const merged: ModuleSpec = ModuleSpec.create(current);
  for (const field of fields) copyField(merged, update, field);
  return merged;
}

function copyField<F extends Field>(to: ModuleSpec, from: ModuleSpec, field: F): void {
  to[field] = from[field];
}

function isEmpty(value: string | number | readonly string[]): boolean {
  return typeof value === "number" ? value === 0 : value.length === 0;
}
