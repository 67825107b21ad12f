export { cacheDir, type EnsureOptions, ensureTool } from "./tools/ensure-tool.ts";
export type { Tool, ToolName } from "./tools/tool.ts";
export { ToolError } from "./tools/tool-error.ts";
