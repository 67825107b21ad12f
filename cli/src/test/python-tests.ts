import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { cacheDir } from "../tools/ensure-tool.ts";
import { run } from "../tools/run.ts";
import { inRoot, show, type TestContext, withReport } from "./context.ts";
import { failuresOfJunit, readJunitReport } from "./junit-report.ts";
import { type Counts, one, type Result } from "./outcome.ts";

const WORKER = inRoot("module-server/worker");

export interface PythonSuite {
  /** Of its environment in the cache. */
  readonly name: string;
  /** With `tests/`, and there the hash-pinned `requirements.txt`. */
  readonly folder: string;
  /** The oldest Python that it runs with, where that is not any. */
  readonly python?: string;
}

export const WORKER_SUITE: PythonSuite = { name: "worker", folder: WORKER };
export const CLIENT_SUITE: PythonSuite = { name: "client", folder: inRoot("clients/python") };
export const JAC_SUITE: PythonSuite = { name: "jac", folder: inRoot("clients/jac"), python: "3.12" };

/** With more failures than these the code is at fault, not the machine. */
const RUN_AGAIN = 5;

/** pytest, in an environment of the suite's requirements. */
export async function pythonTests(
  uv: string,
  suite: PythonSuite,
  context: TestContext,
): Promise<Result | { skippedWhy: string }> {
  const { python: version } = suite;
  const base = version === undefined ? undefined : await findPython(uv, version, context.signal);
  if (version !== undefined && base === undefined)
    return { skippedWhy: `uv finds no Python ${version} on this machine` };
  const python = await testEnvironment(uv, suite, base, context);
  const first = await runPytest(python, suite, context);
  if (first.failed === 0 || first.failed > RUN_AGAIN || context.signal.aborted) return first;
  console.log("\nagain");
  const again = await runPytest(python, suite, context);
  return again.failed > 0 ? again : { ...again, unsteady: first.failures ?? [] };
}

async function runPytest(python: string, suite: PythonSuite, context: TestContext): Promise<Result> {
  const env = { ...context.env, PODULE_NODE: process.execPath };
  let code = -1;
  const report = await withReport(async (file) => {
    code = await show(
      python,
      ["-B", "-m", "pytest", "tests", "-q", "-p", "no:cacheprovider", `--junitxml=${file}`],
      { ...context, env },
      { cwd: suite.folder },
    );
  });
  const counts = readJunitReport(report);
  if (counts === undefined) return one(false);
  const failures = failuresOfJunit(report);
  return code === 0 || counts.failed > 0 ? { ...counts, failures } : { ...counts, failed: 1, failures };
}

async function testEnvironment(
  uv: string,
  { name, folder: suite }: PythonSuite,
  base: string | undefined,
  context: TestContext,
): Promise<string> {
  const requirements = join(suite, "tests", "requirements.txt");
  const digest = createHash("sha256")
    .update(await readFile(requirements))
    .update(base ?? "")
    .digest("hex")
    .slice(0, 16);
  const folder = join(cacheDir(context.env), "test", `${name}-${digest}`);
  const python = join("bin", "python");
  const marker = join(folder, "complete");
  if (existsSync(marker)) return join(folder, python);
  await mkdir(join(folder, ".."), { recursive: true });
  const work = await mkdtemp(`${folder}-`);
  try {
    const env = { ...context.env, UV_CACHE_DIR: join(cacheDir(context.env), "uv") };
    const step = async (...args: string[]) => {
      if ((await show(uv, args, { ...context, env })) !== 0) throw new Error(`uv ${args[0]} failed`);
    };
    const wanted = base === undefined ? [] : ["--python", base];
    await step("venv", "--quiet", "--relocatable", ...wanted, work);
    const target = ["--python", join(work, python)];
    await step("pip", "install", "--quiet", "--require-hashes", ...target, "-r", requirements);
    await mkdir(join(work, "complete"));
    await rm(folder, { recursive: true, force: true });
    await rename(work, folder);
    return join(folder, python);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

export const PYTHONS = ["3.9", "3.10", "3.11", "3.12", "3.13"];

/** The worker with nothing but a standard library, on one version of Python. */
export async function smokeTest(python: string, context: TestContext): Promise<Counts> {
  return one(
    (await show(python, ["-E", "-s", "-B", join(WORKER, "tests", "smoke.py")], context, { cwd: WORKER })) ===
      0,
  );
}

/** The interpreter of a version, as uv finds it, or one that pyenv keeps. */
export async function findPython(
  uv: string,
  version: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { code, output } = await run(uv, ["python", "find", "--no-python-downloads", "--quiet", version], {
    signal,
  });
  const found = output.trim().split("\n").at(-1) ?? "";
  if (code === 0 && existsSync(found)) return found;
  return await pyenvPython(version);
}

async function pyenvPython(version: string): Promise<string | undefined> {
  const folder = join(process.env["PYENV_ROOT"] ?? join(homedir(), ".pyenv"), "versions");
  const names = await readdir(folder).catch(() => []);
  const name = names.find((candidate) => candidate.startsWith(`${version}.`));
  const path = join(folder, name ?? "none", "bin/python");
  return existsSync(path) ? path : undefined;
}
