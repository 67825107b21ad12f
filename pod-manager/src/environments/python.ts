import { createHash } from "node:crypto";
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { statusError } from "@podule/grpc";
import { Status } from "nice-grpc";
import { atomicWrite } from "./atomic-write.ts";
import { type PythonFacts, parsePythonFacts } from "./python-facts.ts";
import { brokenInterpreter, pathWithout } from "./search-path.ts";
import { runUv, type UvOptions, type UvResult, type UvRun } from "./uv.ts";
import { uvFailure, uvWords } from "./uv-failure.ts";

const FACTS = fileURLToPath(new URL("python_facts.py", import.meta.url));
const TIMEOUT_MS = 60_000;
const OLDEST_MINOR = 9;
/** Folders of the search path that are passed over. */
const MOST_BROKEN = 8;

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
  const found = await search(options, asked, run);
  if (found.code !== 0) throw uvFailure(found, { python: request });
  const facts = await askPython(options, found.stdout.trim(), request, run);
  await mkdir(options.folder, { recursive: true });
  await atomicWrite(file, JSON.stringify(facts));
  return facts;
}

/** As uv searches, but past interpreters that do not run. */
async function search(options: UvOptions, asked: string, run: UvRun): Promise<UvResult> {
  let variables = options.variables ?? process.env;
  for (let attempt = 0; ; attempt++) {
    const command = [options.uv, "python", "find", "--system", "--no-project", asked];
    const found = await runUv({ ...options, variables }, command, run);
    const broken = found.code === 0 ? undefined : brokenInterpreter(found.stderr);
    const path = variables["PATH"] ?? "";
    if (broken === undefined || attempt === MOST_BROKEN) return found;
    const rest = await pathWithout(path, broken);
    if (rest === path) return found;
    variables = { ...variables, PATH: rest };
  }
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
