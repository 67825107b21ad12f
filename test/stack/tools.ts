import { join } from "node:path";
import { ensureTool, type ToolName } from "@podule/cli";

export const ROOT = join(import.meta.dirname, "../..");

const found = new Map<ToolName, Promise<string>>();

/** The path of a tool: `PODULE_ENVOY`, `PODULE_UV`, `PODULE_GRPCURL`, else the one that Podule brings. */
export function tool(name: ToolName): Promise<string> {
  let path = found.get(name);
  if (path === undefined) {
    path = ensureTool(name);
    found.set(name, path);
  }
  return path;
}
