import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Tool } from "./tool.ts";

/** Written last into a tool's folder. */
export const RECORD = "podule-tool.json";

export interface ToolRecord {
  readonly size: number;
}

/** The path of the binary in a folder that is complete: there, executable, and of the size that was installed. */
export async function intactBinary(folder: string, tool: Tool): Promise<string | undefined> {
  try {
    const record: unknown = JSON.parse(await readFile(join(folder, RECORD), "utf8"));
    const path = join(folder, tool.binary);
    const found = await stat(path);
    const whole =
      typeof record === "object" && record !== null && "size" in record && record.size === found.size;
    return whole && (found.mode & 0o111) !== 0 ? path : undefined;
  } catch {
    return undefined;
  }
}
