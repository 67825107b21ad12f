import { Module } from "@podule/proto/podule/v1/modules.ts";
import { isRecord, parseJson } from "../environments/json.ts";
import { moduleIdProblem, moduleName } from "./module-id.ts";

/** A module as protobuf JSON. */
export function formatModule(module: Module): string {
  return `${JSON.stringify(Module.toJSON(module), undefined, 2)}\n`;
}

/** The module of that id; undefined for what is no whole module, or another one. */
export function parseModule(id: string, text: string): Module | undefined {
  const json = parseJson(text);
  if (!isRecord(json) || moduleIdProblem(id) !== undefined) return undefined;
  const module = readModule(json);
  if (module === undefined || module.name !== moduleName(id)) return undefined;
  if (module.spec === undefined || module.uid === "" || module.etag === "" || module.generation < 1n)
    return undefined;
  return module;
}

function readModule(json: Readonly<Record<string, unknown>>): Module | undefined {
  try {
    const module = Module.fromJSON(json);
    // What the reader took as it was must still be writable.
    return Module.decode(Module.encode(module).finish());
  } catch {
    return undefined;
  }
}
