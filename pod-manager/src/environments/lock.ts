import { createHash } from "node:crypto";
import { isRecord, parseJson } from "./json.ts";
import { type PythonFacts, pythonFactsOf } from "./python-facts.ts";

export interface EnvironmentRequest {
  /** What Python imports: decides the default dependency. */
  readonly importName: string;
  /** PEP 508 requirements; empty for the default. */
  readonly dependencies: readonly string[];
  /** As uv understands it; empty for the first that uv finds. */
  readonly python: string;
  /** The module is the user's own code: no default dependency. */
  readonly ownCode: boolean;
}

export interface Lock {
  /** "sha256:...": the environment's identity. */
  readonly digest: string;
  readonly python: PythonFacts;
  /** A requirements file with hashes; empty for the bare standard library. */
  readonly text: string;
}

/** Equal for requests that must have equal locks. */
export function requestKey(request: EnvironmentRequest): string {
  const { dependencies, python } = request;
  const wanted =
    dependencies.length > 0
      ? { dependencies: [...new Set(dependencies.map((one) => one.trim()))].sort() }
      : { importName: request.ownCode ? "" : request.importName };
  return createHash("sha256")
    .update(JSON.stringify({ ...wanted, python }))
    .digest("hex");
}

export function makeLock(python: PythonFacts, text: string): Lock {
  const { version, abi, platform } = python;
  const identity = `podule environment 1\n${version} ${abi} ${platform}\n${text}`;
  return { digest: `sha256:${createHash("sha256").update(identity).digest("hex")}`, python, text };
}

/** Requirements of a lock that have neither a hash nor a commit: what they install could change. */
export function unlocked(text: string): readonly string[] {
  return requirements(text)
    .filter((one) => !one.includes(" --hash=") && !/@[0-9a-f]{40}(#|$|\s)/.test(one))
    .map((one) => one.replace(/\s.*/, ""));
}

/** Whether every requirement has a hash: not so for those at a git commit. */
export function hasAllHashes(text: string): boolean {
  return requirements(text).every((one) => one.includes(" --hash="));
}

function requirements(text: string): readonly string[] {
  return text
    .replaceAll(/\\\n\s*/g, " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

export function formatLock(lock: Lock): string {
  return JSON.stringify({ format: 1, ...lock });
}

/** undefined for anything but a whole lock whose digest is its own. */
export function parseLock(text: string): Lock | undefined {
  const value = parseJson(text);
  if (!isRecord(value)) return undefined;
  const { format, text: requirements, python: facts, digest } = value;
  const python = pythonFactsOf(facts);
  if (format !== 1 || typeof requirements !== "string" || python === undefined) return undefined;
  const lock = makeLock(python, requirements);
  return lock.digest === digest ? lock : undefined;
}
