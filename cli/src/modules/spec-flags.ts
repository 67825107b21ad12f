import { resolve } from "node:path";
import { ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import type { Command } from "commander";
import { collect, wholeNumber } from "../console/flags.ts";
import { readWorkerFlags, type WorkerFlags, withWorkerFlags } from "./worker-flags.ts";

/** The fields of a spec as flags; one that is not given is not set. */
export interface SpecFlags extends WorkerFlags {
  readonly importName?: string;
  readonly dependency?: readonly string[];
  readonly python?: string;
  readonly path?: string;
  readonly workers?: number;
  readonly cpu?: string;
  readonly memory?: string;
  readonly memoryLimit?: string;
}

export function withSpecFlags(command: Command): Command {
  const withOwn = command
    .option("--import-name <name>", "what Python imports; default: the module's id")
    .option(
      "--dependency <requirement>",
      "a PyPI requirement, may be repeated; default: the module's own",
      collect,
    )
    .option("--python <version>", "the Python to run: 3.12, >=3.10, pypy")
    .option("--path <path>", "your own code: a file or package folder on the pod manager's machine")
    .option("--workers <count>", "worker processes in a pod", wholeNumber(1, 64))
    .option("--cpu <quantity>", "CPU request of a pod: 500m, 2")
    .option("--memory <quantity>", "memory request of a pod: 512Mi")
    .option("--memory-limit <quantity>", "memory limit of a worker: 2Gi");
  return withWorkerFlags(withOwn);
}

/** The spec, and the paths of its fields that were given. */
export function readSpec(flags: SpecFlags): { spec: ModuleSpec; paths: string[] } {
  const worker = readWorkerFlags(flags);
  const given: [string, unknown][] = [
    ["import_name", flags.importName],
    ["dependency", flags.dependency],
    ["python", flags.python],
    ["path", flags.path],
    ["workers", flags.workers],
    ["lib_cpu_req", flags.cpu],
    ["lib_mem_size_req", flags.memory],
    ["lib_mem_size_limit", flags.memoryLimit],
    ...worker.given,
  ];
  return {
    spec: ModuleSpec.create({
      importName: flags.importName ?? "",
      dependency: (flags.dependency ?? []).filter((requirement) => requirement !== ""),
      python: flags.python ?? "",
      path: flags.path ? resolve(flags.path) : "",
      workers: flags.workers ?? 0,
      libCpuReq: flags.cpu ?? "",
      libMemSizeReq: flags.memory ?? "",
      libMemSizeLimit: flags.memoryLimit ?? "",
      ...worker.spec,
    }),
    paths: given.filter(([, value]) => value !== undefined).map(([name]) => `spec.${name}`),
  };
}
