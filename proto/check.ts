import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { differences } from "./differences.ts";
import { buf, generate, generatedFrom } from "./generate.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "proto");

/** Each resolves, perhaps with a line to show, or throws what is wrong. */
const checks: Record<string, () => Promise<string | undefined>> = {
  async lint() {
    await buf(["lint"], folder);
    return undefined;
  },
  async format() {
    await buf(["format", "--diff", "--exit-code"], folder);
    return undefined;
  },
  async breaking() {
    const tag = await lastRelease();
    if (tag === undefined) return "not compared: there is no release (git tag v*) here";
    await buf(["breaking", "--against", `${join(root, ".git")}#tag=${tag},subdir=proto`], folder);
    return `compared with ${tag}`;
  },
  async generated() {
    const output = await mkdtemp(join(tmpdir(), "podule-proto-"));
    try {
      await generate(output);
      const found = await Promise.all(
        generatedFrom.map((from) => differences(join(output, from, "gen"), join(root, from, "gen"))),
      );
      if (found.flat().length > 0) throw new Error(`${found.flat().join("\n")}\nRun: npm run generate`);
    } finally {
      await rm(output, { recursive: true });
    }
    return undefined;
  },
};

async function lastRelease(): Promise<string | undefined> {
  try {
    const { stdout } = await run("git", ["describe", "--tags", "--abbrev=0", "--match", "v*"], { cwd: root });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

const results = await Promise.allSettled(Object.values(checks).map((check) => check()));
for (const [index, name] of Object.keys(checks).entries()) {
  const result = results[index];
  if (result?.status === "fulfilled") {
    console.log(`proto ${name}: ok${result.value === undefined ? "" : ` (${result.value})`}`);
  } else {
    const reason: unknown = result?.reason;
    console.error(`proto ${name}: failed\n${reason instanceof Error ? reason.message : String(reason)}`);
    process.exitCode = 1;
  }
}
