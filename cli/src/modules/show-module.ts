import { Code, codeToJSON } from "@podule/proto/google/rpc/code.ts";
import { type Module, module_StateToJSON } from "@podule/proto/podule/v1/modules.ts";
import { idOf } from "../console/names.ts";
import { table } from "../console/table.ts";
import { age } from "../console/time.ts";

export function moduleTable(modules: readonly Module[], now: number): string {
  if (modules.length === 0) return "No modules: `podule modules create ID` makes one, and so does a call\n";
  return table(
    ["MODULE", "STATE", "PYTHON", "DEPENDENCY", "PODS", "AGE", "ERROR"],
    modules.map((module) => [
      idOf(module.name),
      stateOf(module),
      module.status?.pythonVersion || "-",
      dependencyOf(module),
      String(module.status?.pods.length ?? 0),
      age(module.createTime, now),
      firstLine(module.status?.error?.message ?? ""),
    ]),
  );
}

/** Everything about one module. */
export function moduleText(module: Module, now: number): string {
  const { spec, status } = module;
  const error = status?.error;
  const rows: [string, string | undefined][] = [
    ["module", idOf(module.name)],
    ["state", stateOf(module)],
    ["import name", spec?.importName],
    ["dependency", dependencyOf(module)],
    ["path", spec?.path],
    [
      "python",
      [status?.pythonVersion, spec?.python && `(asked for: ${spec.python})`].filter(Boolean).join(" "),
    ],
    ["workers", spec?.workers ? String(spec.workers) : undefined],
    [
      "CPU, memory, limit",
      [spec?.libCpuReq, spec?.libMemSizeReq, spec?.libMemSizeLimit].map((q) => q || "default").join(", "),
    ],
    ["pods", status?.pods.map(idOf).join(", ")],
    ["environment", status?.environment],
    ["generation", `${module.generation} (etag ${module.etag})`],
    ["created", age(module.createTime, now)],
    ["error", error && `${codeToJSON(errorCode(error.code))}: ${error.message}`],
  ];
  const lines = rows.filter((row): row is [string, string] => !!row[1]);
  const transitions = status?.transitions ?? [];
  return [
    ...lines.map(([name, value]) => `${`${name}:`.padEnd(20)}${value.trimEnd()}`),
    ...(transitions.length === 0 ? [] : ["transitions:"]),
    ...transitions.map(({ state, time, message }) =>
      `  ${module_StateToJSON(state).padEnd(12)}${age(time, now).padStart(5)}  ${message}`.trimEnd(),
    ),
    "",
  ].join("\n");
}

export function stateOf(module: Module): string {
  return module.status === undefined ? "-" : module_StateToJSON(module.status.state);
}

function dependencyOf({ spec }: Module): string {
  return spec?.dependency.join(" ") || (spec?.path ? `- (${spec.path})` : "default");
}

function firstLine(text: string): string {
  const line = text.split("\n", 1)[0] ?? "";
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

function errorCode(number: number): Code {
  return Object.values(Code).find((code) => code === number) ?? Code.UNKNOWN;
}
