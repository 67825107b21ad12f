import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { access, mkdir, readdir, readFile, rename } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * A tool of a Go module in this repository (its go.mod and go.sum say which), built once into the cache; undefined, with one line, where there is no Go.
 * Under CI=true that is an error.
 */
export async function goTool(folder: string, tool: string): Promise<string | undefined> {
  const version = await goVersion();
  if (version === undefined) {
    const { CI } = process.env;
    if (CI === "true") throw new Error(`Go is needed to build ${tool}`);
    console.log(`skipped: ${tool} is built with Go, which is not installed`);
    return undefined;
  }
  const locked = await Promise.all(["go.mod", "go.sum"].map((file) => readFile(join(folder, file))));
  const hash = createHash("sha256").update(version).update(tool);
  for (const bytes of locked) hash.update(bytes);
  for (const file of (await readdir(folder)).filter((name) => name.endsWith(".go")).sort())
    hash.update(await readFile(join(folder, file)));
  const name = `${tool.replaceAll("/", "_")}-${hash.digest("hex").slice(0, 16)}`;
  const cache = join(cacheFolder(), "test-tools");
  const binary = join(cache, name);
  if (!(await exists(binary))) {
    await mkdir(cache, { recursive: true });
    const building = `${binary}.${randomUUID()}`;
    await run("go", ["build", "-mod=readonly", "-o", building, tool], { cwd: folder });
    await rename(building, binary);
  }
  return binary;
}

async function goVersion(): Promise<string | undefined> {
  try {
    return (await run("go", ["env", "GOVERSION", "GOOS", "GOARCH"])).stdout;
  } catch {
    return undefined;
  }
}

function cacheFolder(): string {
  const { PODULE_CACHE_DIR: chosen, XDG_CACHE_HOME: base } = process.env;
  if (chosen !== undefined && chosen !== "") return chosen;
  return join(base === undefined || base === "" ? join(homedir(), ".cache") : base, "podule");
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
