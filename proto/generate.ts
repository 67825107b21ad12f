import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));

/** Folders with a buf.gen.yaml; what it makes is committed next to it in `gen`. */
export const generatedFrom = ["proto", "test/interop/proto", "test/conformance/proto"];

/** Generates into the `gen` folders below `output`, laid out as below the repository's root. */
export async function generate(output: string): Promise<void> {
  await Promise.all(
    generatedFrom.map((folder) => buf(["generate", "--output", join(output, folder)], join(root, folder))),
  );
  await buf(["build", "--output", join(output, "proto/gen/descriptors.binpb")], join(root, "proto"));
  await Promise.all(generatedFrom.map((folder) => keepNegativeZeros(join(output, folder, "gen"))));
}

/** ts-proto takes -0 for a double's default and does not write it; protobuf's own runtimes do. */
async function keepNegativeZeros(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith(".ts")) continue;
    const path = join(entry.parentPath, entry.name);
    const code = await readFile(path, "utf8");
    const kept = code.replaceAll(
      /if \((message\.\w+) !== 0\) \{(\s+writer\.uint32\(\d+\)\.(?:double|float)\()/g,
      "if (!Object.is($1, 0)) {$2",
    );
    if (kept !== code) await writeFile(path, kept);
  }
}

/** Runs buf; an error has buf's own words as its message. */
export async function buf(args: readonly string[], cwd: string): Promise<void> {
  try {
    await run("buf", args, { cwd, maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    throw new Error(wordsOf(error).trim(), { cause: error });
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stdout = "stdout" in error ? String(error.stdout) : "";
  const stderr = "stderr" in error ? String(error.stderr) : "";
  return stdout + stderr || error.message;
}

if (import.meta.main) await generate(root);
