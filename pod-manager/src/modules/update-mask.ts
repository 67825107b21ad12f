import { ModuleSpec, Scaling } from "@podule/proto/podule/v1/modules.ts";
import type { Violation } from "./module-spec.ts";

type ScalingField = Exclude<keyof Scaling, "_unknownFields">;
type Field = Exclude<keyof ModuleSpec, "_unknownFields"> | `scaling.${ScalingField}`;
type SpecField = Exclude<keyof ModuleSpec, "_unknownFields">;

const SPEC_FIELDS: readonly (readonly [string, SpecField])[] = [
  ["import_name", "importName"],
  ["dependency", "dependency"],
  ["python", "python"],
  ["lib_cpu_req", "libCpuReq"],
  ["lib_mem_size_req", "libMemSizeReq"],
  ["lib_mem_size_limit", "libMemSizeLimit"],
  ["path", "path"],
  ["workers", "workers"],
  ["scaling", "scaling"],
  ["quotas", "quotas"],
  ["isolation", "isolation"],
  ["concurrency", "concurrency"],
  ["recycling", "recycling"],
  ["session_limits", "sessionLimits"],
  ["env", "env"],
  ["image", "image"],
];
const SCALING_FIELDS: readonly (readonly [string, ScalingField])[] = [
  ["min_pods", "minPods"],
  ["max_pods", "maxPods"],
  ["initial_pods", "initialPods"],
  ["target_utilization", "targetUtilization"],
  ["stable_window", "stableWindow"],
  ["panic_window", "panicWindow"],
  ["panic_threshold", "panicThreshold"],
  ["max_scale_up_rate", "maxScaleUpRate"],
  ["max_scale_down_rate", "maxScaleDownRate"],
  ["scale_down_delay", "scaleDownDelay"],
  ["idle_timeout", "idleTimeout"],
  ["lease_timeout", "leaseTimeout"],
];
const ALL: ReadonlySet<SpecField> = new Set(SPEC_FIELDS.map(([, field]) => field));
/** Paths of a mask by the name that the proto has and, as protobuf JSON writes them, in lowerCamelCase. */
const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ...SPEC_FIELDS,
  ...[...ALL].map((field) => [field, field] as const),
  ...SCALING_FIELDS.flatMap(([name, field]) => [
    [`scaling.${name}`, `scaling.${field}`] as const,
    [`scaling.${field}`, `scaling.${field}`] as const,
  ]),
]);

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
  for (const field of ALL) if (fields.has(field)) copyField(merged, update, field);
  for (const [, field] of SCALING_FIELDS) {
    if (!fields.has(`scaling.${field}`)) continue;
    merged.scaling = Scaling.create(merged.scaling ?? {});
    copyScaling(merged.scaling, update.scaling ?? Scaling.create(), field);
  }
  return merged;
}

function copyField<F extends SpecField>(to: ModuleSpec, from: ModuleSpec, field: F): void {
  to[field] = from[field];
}

function copyScaling<F extends ScalingField>(to: Scaling, from: Scaling, field: F): void {
  to[field] = from[field];
}

function isEmpty(value: ModuleSpec[SpecField]): boolean {
  if (value === undefined) return true;
  if (typeof value === "number") return value === 0;
  return typeof value === "string" || Array.isArray(value) ? value.length === 0 : false;
}
