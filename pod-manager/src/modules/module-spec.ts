import { basename, isAbsolute, normalize } from "node:path";
import { type EnvVar, ModuleSpec, Quotas } from "@podule/proto/podule/v1/modules.ts";
import type { EnvironmentRequest } from "../environments/lock.ts";
import { pythonProblem, requirementProblem } from "../environments/requirement.ts";
import type { WorkerSettings } from "../pods/worker-settings.ts";
import { type ScalingSettings, scalingProblems, scalingSettings } from "../scale/settings.ts";
import { envProblems } from "./env-problems.ts";
import { parseQuantity } from "./quantity.ts";
import { workerProblems, workerSettings } from "./worker-settings.ts";

export interface Violation {
  readonly field: string;
  readonly description: string;
}

/** A spec with its defaults filled in. */
export interface EffectiveSpec {
  readonly importName: string;
  readonly dependency: readonly string[];
  readonly python: string;
  /** CPUs. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
  /** Bytes; undefined for none. */
  readonly workerMemoryLimit: number | undefined;
  readonly path: string;
  readonly workers: number;
  /** How each of them is used. */
  readonly worker: WorkerSettings;
  readonly scaling: ScalingSettings;
  /** In the order of their names. */
  readonly env: readonly EnvVar[];
  /** Empty: the backend's own. */
  readonly image: string;
}

const MAX_DEPENDENCIES = 1000;
const MAX_WORKERS = 64;
const SMALLEST_LIMIT = 64 * 2 ** 20;
const IMPORT_NAME = /^[\p{ID_Start}_][\p{ID_Continue}]*(\.[\p{ID_Start}_][\p{ID_Continue}]*)*$/u;

/** Everything that is wrong with a spec as far as it can be said without looking anywhere. */
export function specViolations(id: string, spec: ModuleSpec): readonly Violation[] {
  const found: Violation[] = [];
  const check = (field: string, description: string | undefined) => {
    if (description !== undefined) found.push({ field: `module.spec.${field}`, description });
  };
  check("path", pathProblem(spec.path));
  check("import_name", importNameProblem(id, spec));
  if (spec.dependency.length > MAX_DEPENDENCIES)
    check("dependency", `has more than ${MAX_DEPENDENCIES} requirements`);
  for (const [index, requirement] of spec.dependency.slice(0, MAX_DEPENDENCIES).entries())
    check(`dependency[${index}]`, requirementProblem(requirement));
  check("python", pythonProblem(spec.python));
  check("lib_cpu_req", quantityProblem(spec.libCpuReq, 1e-3, 1024));
  check("lib_mem_size_req", quantityProblem(spec.libMemSizeReq, 2 ** 20, 2 ** 50));
  check("lib_mem_size_limit", quantityProblem(spec.libMemSizeLimit, SMALLEST_LIMIT, 2 ** 50));
  if (spec.workers > MAX_WORKERS) check("workers", `must be at most ${MAX_WORKERS}`);
  for (const [field, problem] of scalingProblems(spec.scaling)) check(field, problem);
  check("quotas.max_memory", memoryQuotaProblem(id, spec));
  for (const [field, problem] of workerProblems(spec)) check(field, problem);
  for (const [field, problem] of envProblems(spec.env)) check(field, problem);
  check("image", imageProblem(spec.image));
  return found;
}

export function effectiveSpec(id: string, spec: ModuleSpec): EffectiveSpec {
  const cpu = parseQuantity(spec.libCpuReq) ?? 0.5;
  const memory = parseQuantity(spec.libMemSizeReq) ?? 512 * 2 ** 20;
  return {
    importName: spec.importName || (spec.path === "" ? id : importNameOf(spec.path)),
    dependency: [...new Set(spec.dependency.map((one) => one.trim()))].sort(),
    python: spec.python,
    cpu,
    memory,
    workerMemoryLimit: parseQuantity(spec.libMemSizeLimit),
    path: spec.path === "" ? "" : normalize(spec.path),
    workers: spec.workers || Math.min(MAX_WORKERS, Math.max(1, Math.ceil(cpu))),
    worker: workerSettings(spec),
    scaling: withinMemory(scalingSettings(spec.scaling), memory, spec.quotas),
    env: spec.env.map(({ name, source }) => ({ name, source })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    image: spec.image,
  };
}

/** Calls that one pod runs at once. */
export function callsAtOnce({ workers, worker }: EffectiveSpec): number {
  return workers * worker.concurrency.limit;
}

export function environmentRequest(id: string, spec: ModuleSpec): EnvironmentRequest {
  const { importName, dependency, python, path } = effectiveSpec(id, spec);
  return { importName, dependencies: dependency, python, ownCode: path !== "" };
}

/** What differs, a line a field; empty for specs that mean the same. */
export function specDifference(id: string, current: ModuleSpec, other: ModuleSpec): readonly string[] {
  const was = effectiveSpec(id, current);
  const is = effectiveSpec(id, other);
  const fields: readonly [string, unknown, unknown][] = [
    ["import_name", was.importName, is.importName],
    ["dependency", was.dependency, is.dependency],
    ["python", was.python, is.python],
    ["lib_cpu_req", was.cpu, is.cpu],
    ["lib_mem_size_req", was.memory, is.memory],
    ["lib_mem_size_limit", was.workerMemoryLimit ?? "none", is.workerMemoryLimit ?? "none"],
    ["path", was.path, is.path],
    ["workers", was.workers, is.workers],
    ["isolation", was.worker.isolation, is.worker.isolation],
    ["concurrency", was.worker.concurrency, is.worker.concurrency],
    ["recycling", recyclingOf(was), recyclingOf(is)],
    ["session_limits", sessionLimitsOf(was), sessionLimitsOf(is)],
    ["scaling", was.scaling, is.scaling],
    ["quotas", quotasOf(current), quotasOf(other)],
    ["env", was.env, is.env],
    ["image", was.image, is.image],
  ];
  return fields
    .map(([field, a, b]) => [field, JSON.stringify(a), JSON.stringify(b)] as const)
    .filter(([, a, b]) => a !== b)
    .map(([field, a, b]) => `spec.${field} is ${a}, asked for ${b}`);
}

/** Whether they differ in nothing but what running pods need not know. */
export function differInScalingOnly(id: string, current: ModuleSpec, other: ModuleSpec): boolean {
  const { scaling, quotas } = other;
  return specDifference(id, { ...current, scaling, quotas }, other).length === 0;
}

function recyclingOf({ worker }: EffectiveSpec) {
  const { maxCallsPerWorker, maxMemoryGrowth, maxAgeMs } = worker;
  return { maxCallsPerWorker, maxMemoryGrowth, maxAgeMs };
}

function sessionLimitsOf({ worker: { maxSessions, maxSessionMemory } }: EffectiveSpec) {
  return { maxSessions, maxSessionMemory };
}

/** The import name of the code at a path: "/src/model.py" and "/src/model" are "model". */
export function importNameOf(path: string): string {
  return basename(normalize(path)).replace(/\.py$/, "");
}

export function emptySpec(): ModuleSpec {
  return ModuleSpec.create();
}

function importNameProblem(id: string, spec: ModuleSpec): string | undefined {
  const { importName } = effectiveSpec(id, spec);
  if (importName.length > 255) return "is longer than 255 characters";
  if (!IMPORT_NAME.test(importName)) {
    const whose = spec.importName === "" ? " (the default)" : "";
    return `${JSON.stringify(importName.slice(0, 100))}${whose} cannot be imported by Python; expected names joined by "."`;
  }
  const own = importNameOf(spec.path);
  if (spec.path !== "" && importName.split(".")[0] !== own)
    return `must be ${JSON.stringify(own)} or a part of it: that is what "path" holds`;
  return undefined;
}

function pathProblem(path: string): string | undefined {
  if (path === "") return undefined;
  if (path.includes("\0")) return "has a NUL";
  if (path.length > 4000) return "is longer than 4000 characters";
  if (!isAbsolute(path)) return "must be absolute";
  return undefined;
}

function imageProblem(image: string): string | undefined {
  if (image === "" || /^[a-zA-Z0-9][-a-zA-Z0-9._:/@]{0,511}$/.test(image)) return undefined;
  return `${JSON.stringify(image.slice(0, 100))} is not a container image; expected one like "registry.example/numpy:1"`;
}

function memoryQuotaProblem(id: string, spec: ModuleSpec): string | undefined {
  const text = spec.quotas?.maxMemory ?? "";
  const problem = quantityProblem(text, 2 ** 20, 2 ** 60);
  if (problem !== undefined || text === "") return problem;
  const fits = (parseQuantity(text) ?? 0) >= effectiveSpec(id, spec).memory;
  return fits ? undefined : "is less than lib_mem_size_req: not one pod fits into it";
}

/** No more pods than the quota of memory has room for. */
function withinMemory(
  settings: ScalingSettings,
  memory: number,
  quotas: Quotas | undefined,
): ScalingSettings {
  const quota = parseQuantity(quotas?.maxMemory ?? "");
  if (quota === undefined) return settings;
  const within = (pods: number) => Math.min(pods, Math.max(1, Math.floor(quota / memory)));
  const { minPods, maxPods, initialPods } = settings;
  return {
    ...settings,
    minPods: within(minPods),
    maxPods: within(maxPods),
    initialPods: within(initialPods),
  };
}

function quotasOf({ quotas }: ModuleSpec): unknown {
  return Quotas.toJSON(Quotas.create(quotas));
}

function quantityProblem(text: string, least: number, most: number): string | undefined {
  if (text === "") return undefined;
  const number = parseQuantity(text);
  if (number === undefined)
    return `${JSON.stringify(text.slice(0, 50))} is not a quantity; expected one like "500m", "2" or "512Mi"`;
  if (number < least || number > most) return `must be between ${least} and ${most}`;
  return undefined;
}
