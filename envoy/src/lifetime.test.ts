import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { connect, envoyBinary, runEnvoy, runUpstream, tempFolder } from "../testing/bed.ts";
import { collect } from "../testing/caller.ts";
import { startEnvoy } from "./start.ts";

const STARTER = new URL("../testing/starter.ts", import.meta.url).pathname;

interface Started {
  readonly child: ChildProcess;
  readonly runDir: string;
  readonly envoy: number;
}

/** An Envoy that another process has started. */
async function startElsewhere(): Promise<Started> {
  const runDir = tempFolder();
  const child = fork(STARTER, [await envoyBinary(), runDir]);
  onTestFinished(() => void child.kill("SIGKILL"));
  const [pid]: unknown[] = await once(child, "message");
  return { child, runDir, envoy: Number(pid) };
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe.each(["SIGKILL", "SIGTERM"] as const)("%s", (signal) => {
  test("of the launcher: Envoy goes, and its folder", async () => {
    const { child, runDir, envoy } = await startElsewhere();
    expect(isThere(envoy)).toBe(true);
    child.kill(signal);
    await expect.poll(() => isThere(envoy) || existsSync(runDir), { timeout: 10_000 }).toBe(false);
  });
});

test("kill -9 of Envoy: whoever started it is told", async () => {
  const envoy = await runEnvoy([await runUpstream()]);
  process.kill(envoy.pid, "SIGKILL");
  expect(await envoy.exited).toMatchObject({ code: null, signal: "SIGKILL" });
});

test("stop: the folder is gone, and a second stop does no harm", async () => {
  const runDir = tempFolder();
  const upstream = await runUpstream();
  const envoy = await startEnvoy({
    binary: await envoyBinary(),
    runDir,
    params: { listen: "127.0.0.1:0", upstreams: { kind: "static", addresses: [upstream.address] } },
  });
  expect(existsSync(runDir)).toBe(true);
  await Promise.all([envoy.stop(), envoy.stop()]);
  expect(existsSync(runDir)).toBe(false);
  expect(isThere(envoy.pid)).toBe(false);
});

test("stop with a grace: the calls that run may end", async () => {
  const envoy = await runEnvoy([await runUpstream()]);
  const client = connect(envoy.address);
  const items = collect(client.count(10, 100));
  const answer = client.echo("sleep:800");
  await sleep(200);
  await envoy.stop(10_000);
  expect(await items).toHaveLength(10);
  expect(await answer).toMatchObject({ code: 0 });
});

test("a start that cannot be says why, in Envoy's words, and leaves nothing", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const runDir = tempFolder();
  const start = async (listen: string, binary: string) =>
    startEnvoy({
      binary,
      runDir,
      params: { listen, upstreams: { kind: "static", addresses: ["unix:/run/none.sock"] } },
    });
  await expect(start(`127.0.0.1:${port}`, await envoyBinary())).rejects.toThrow(/Address already in use/);
  await expect(start("127.0.0.1:0", "/nowhere/envoy")).rejects.toThrow(/could not be started.*ENOENT/);
  await expect(start("127.0.0.1:0", "/bin/false")).rejects.toThrow(/did not start \(exit code 1\)/);
  expect(existsSync(runDir)).toBe(false);
});
