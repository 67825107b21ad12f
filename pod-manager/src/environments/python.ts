import { createHash } from "node:crypto";
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { statusError } from "@podule/grpc";
import { Status } from "nice-grpc";
import { atomicWrite } from "./atomic-write.ts";
import { type PythonFacts, parsePythonFacts } from "./python-facts.ts";
import { runUv, type UvOptions } from "./uv.ts";
import { uvFailure, uvWords } from "./uv-failure.ts";

const FACTS = fileURLToPath(new URL("python_facts.py", import.meta.url));
const TIMEOUT_MS = 60_000;
const OLDEST_MINOR = 9;

/** The interpreter of a request; empty: the first that uv finds and that Podule can use. */
export async function findPython(
  options: UvOptions & { readonly folder: string },
  request: string,
  { signal, fresh }: { signal: AbortSignal; fresh: boolean },
): Promise<PythonFacts> {
  const file = join(options.folder, `${createHash("sha256").update(request).digest("hex")}.json`);
  if (!fresh) {
    const known = parsePythonFacts(await readFile(file, "utf8").catch(() => ""));
    if (known !== undefined && (await isThere(known))) return known;
  }
  const asked = request === "" ? `>=3.${OLDEST_MINOR}` : request;
  const run = { signal, timeoutMs: TIMEOUT_MS };
  const found = await runUv(options, [options.uv, "python", "find", "--system", "--no-project", asked], run);
  if (found.code !== 0) throw uvFailure(found, { python: request });
  const facts = await askPython(options, found.stdout.trim(), request, run);
  await mkdir(options.folder, { recursive: true });
  await atomicWrite(file, JSON.stringify(facts));
  return facts;
}

/** Whether the interpreter is still the one whose facts these are. */
export async function isThere(facts: Pick<PythonFacts, "path" | "file">): Promise<boolean> {
  return (await fileIdentity(facts.path)) === facts.file;
}

async function askPython(
  options: UvOptions,
  path: string,
  request: string,
  run: { signal: AbortSignal; timeoutMs: number },
): Promise<PythonFacts> {
  const answer = await runUv(options, [path, "-I", "-B", FACTS], run);
  const facts = parsePythonFacts(answer.stdout, await fileIdentity(path));
  if (answer.code !== 0 || facts === undefined)
    throw notFound(request, `${path} does not work: ${uvWords(answer.stderr) || `exit ${answer.code}`}`);
  const [major = 0, minor = 0] = facts.version.split(".").map(Number);
  if (major !== 3 || minor < OLDEST_MINOR)
    throw notFound(request, `Podule needs Python 3.${OLDEST_MINOR} or newer; ${path} is ${facts.version}`);
  return { ...facts, file: await fileIdentity(facts.path) };
}

async function fileIdentity(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? "" : `${found.ino}-${found.size}-${found.mtimeMs}`;
}

function notFound(request: string, message: string) {
  return statusError(Status.FAILED_PRECONDITION, "PYTHON_NOT_FOUND", message, {
    metadata: { python: request },
  });
}
