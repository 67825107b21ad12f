import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { defaultCacheDir, VARIABLES } from "@podule/pod-manager";
import { install, sweep } from "./install.ts";
import { intactBinary } from "./intact.ts";
import { TOOLS, type Tool, type ToolName } from "./tool.ts";

export interface EnsureOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Called once if the tool has to be installed. */
  readonly onInstall?: (tool: Tool) => void;
}

/**
 * The absolute path of a tool's binary: the one that its variable (`PODULE_UV`, `PODULE_ENVOY`, `PODULE_GRPCURL`) names, else the pinned one
 * in the cache folder, installed if it is not there or not whole. Throws ToolError.
 */
export async function ensureTool(name: ToolName, options: EnsureOptions = {}): Promise<string> {
  const { env = process.env, signal, onInstall } = options;
  const tool = TOOLS[name];
  const given = env[tool.variable];
  if (given) return resolve(given);
  const folder = await toolFolder(tool, env);
  const there = await intactBinary(folder, tool);
  if (there !== undefined) return there;
  onInstall?.(tool);
  await mkdir(join(folder, ".."), { recursive: true });
  await sweep(join(folder, ".."));
  await install(tool, folder, { env, ...(signal ? { signal } : {}) });
  return join(folder, tool.binary);
}

/** Named by what is in it: other pins, another folder; two machines that share a cache do not meet. */
export async function toolFolder(tool: Tool, env: NodeJS.ProcessEnv): Promise<string> {
  const digest = createHash("sha256")
    .update(await readFile(tool.requirements))
    .update(`${process.platform}-${process.arch}`)
    .digest("hex");
  return join(cacheDir(env), "tools", `${tool.name}-${tool.version}-${digest.slice(0, 16)}`);
}

export function cacheDir(env: NodeJS.ProcessEnv): string {
  return resolve(env[VARIABLES.cacheDir] || defaultCacheDir(env));
}
