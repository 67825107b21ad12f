import { isRecord, parseJson } from "./json.ts";

/** What must be known of an interpreter; cached, so that a warm start asks nobody. */
export interface PythonFacts {
  /** The interpreter, absolute. */
  readonly path: string;
  /** "3.12.1". */
  readonly version: string;
  /** "cpython". */
  readonly implementation: string;
  /** "linux-x86_64-glibc-2.36". */
  readonly platform: string;
  /** "cpython-312-x86_64-linux-gnu": free-threaded and debug builds take other wheels. */
  readonly abi: string;
  /** Top-level modules of the standard library. */
  readonly stdlib: readonly string[];
  /** Says which file it was: another interpreter at the same path is another one. */
  readonly file: string;
}

/** undefined: not such JSON. `file` fills in what the interpreter itself does not say. */
export function parsePythonFacts(text: string, file?: string): PythonFacts | undefined {
  return pythonFactsOf(parseJson(text), file);
}

export function pythonFactsOf(value: unknown, given?: string): PythonFacts | undefined {
  if (!isRecord(value)) return undefined;
  const { path, version, implementation, platform, abi, stdlib, file: own } = value;
  const file = given ?? own;
  if (typeof path !== "string" || !path.startsWith("/")) return undefined;
  if (typeof version !== "string" || typeof implementation !== "string") return undefined;
  if (typeof platform !== "string" || typeof abi !== "string" || typeof file !== "string") return undefined;
  if (!Array.isArray(stdlib)) return undefined;
  const names = stdlib.filter((name) => typeof name === "string");
  return { path, version, implementation, platform, abi, stdlib: names, file };
}
