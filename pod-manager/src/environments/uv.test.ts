import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reasonOf, toStatus } from "@podule/grpc";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { isRunning } from "./testing/is-running.ts";
import { runUv } from "./uv.ts";

const signal = new AbortController().signal;
let folder: string;
const sh = (code: string, run: { timeoutMs?: number; input?: string; signal?: AbortSignal } = {}) =>
  runUv({ uv: "uv", cacheFolder: folder }, ["/bin/sh", "-c", code], { signal, timeoutMs: 20_000, ...run });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "podule-uv-test-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("runUv", () => {
  it("hands over input, output and exit code", async () => {
    expect(await sh("cat; echo oops >&2; exit 3", { input: "hello" })).toEqual({
      code: 3,
      stdout: "hello",
      stderr: "oops\n",
    });
  });

  it("gives no variable of the manager but those that uv needs", async () => {
    vi.stubEnv("PODULE_TEST_SECRET", "secret");
    try {
      const { stdout } = await sh("env");
      expect(stdout).not.toContain("secret");
      expect(stdout).toContain("PATH=");
      expect(stdout).toContain(`UV_CACHE_DIR=${folder}`);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it("ends the whole group after its time", async () => {
    const file = join(folder, "timeout");
    const failure = await sh(`(sleep 600 & echo $! > ${file}; wait)`, { timeoutMs: 500 }).catch(toStatus);
    expect("details" in failure && reasonOf(failure)).toBe("ENVIRONMENT_TIMEOUT");
    await expectEnd(file);
  });

  it("keeps at most 16 MiB of output and says so", async () => {
    const failure = await sh("head -c 20000000 /dev/zero").catch(toStatus);
    expect("details" in failure && failure.message).toContain("16 MiB");
  });

  it("ends with the manager, also when that is killed", async () => {
    const file = join(folder, "killed");
    const code = `import { runUv } from ${JSON.stringify(new URL("uv.ts", import.meta.url).pathname)};
      await runUv({ uv: "uv", cacheFolder: "/tmp" }, ["/bin/sh", "-c", "(sleep 600 & echo $! > ${file}; wait)"],
        { signal: new AbortController().signal, timeoutMs: 600000 });`;
    const manager = spawn(process.execPath, ["--input-type=module-typescript", "-e", code], {
      stdio: "ignore",
    });
    await expect.poll(() => readFile(file, "utf8").catch(() => ""), { timeout: 15_000 }).toMatch(/\d+\n/);
    manager.kill("SIGKILL");
    await once(manager, "exit");
    await expectEnd(file);
  });
});

async function expectEnd(file: string): Promise<void> {
  const pid = Number(await readFile(file, "utf8"));
  expect(pid).toBeGreaterThan(1);
  await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false);
}
