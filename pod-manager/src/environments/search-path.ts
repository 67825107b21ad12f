import { readdir } from "node:fs/promises";
import { basename, delimiter, dirname, join } from "node:path";

const BROKEN = /Failed to inspect Python interpreter from [^`]*`([^`]+)`/;

/** The interpreter that ended uv's search because it does not run, such as a pyenv shim of a version that is not active. */
export function brokenInterpreter(words: string): string | undefined {
  return BROKEN.exec(words)?.[1];
}

/** The search path without the folder of an interpreter that does not run; of pyenv's shims, with the versions behind them instead. */
export async function pathWithout(path: string, interpreter: string): Promise<string> {
  const folder = dirname(interpreter);
  const instead = basename(folder) === "shims" ? await versionsOf(dirname(folder)) : [];
  return path
    .split(delimiter)
    .flatMap((one) => (one.replace(/(.)\/+$/, "$1") === folder ? instead : [one]))
    .join(delimiter);
}

async function versionsOf(pyenv: string): Promise<string[]> {
  const folder = join(pyenv, "versions");
  const versions = await readdir(folder).catch(() => []);
  return versions
    .sort((a, b) => b.localeCompare(a, "en", { numeric: true }))
    .map((version) => join(folder, version, "bin"));
}
