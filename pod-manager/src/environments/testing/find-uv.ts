import { existsSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/** The real uv for tests: PODULE_UV, or the one in PATH. Under CI=true its absence is a failure, not a reason to skip. */
export function findUv(): string | undefined {
  const { PODULE_UV: named = "uv", PATH: path = "", CI: ci } = process.env;
  const folders = isAbsolute(named) ? [""] : path.split(delimiter);
  const found = folders.map((folder) => join(folder, named)).find(existsSync);
  if (found === undefined && ci === "true")
    throw new Error("These tests need uv: set PODULE_UV, or put uv into PATH");
  return found;
}
