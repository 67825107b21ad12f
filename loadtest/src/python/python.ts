import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheDir, ensureTool } from "@podule/cli";
import { startStack } from "@podule/test/stack/stack.ts";
import { startGrpcioPeer } from "../grpcio-peer.ts";
import { PEERS, pythonPeer } from "../sessions/peer-environment.ts";
import { type PythonRun, summarizePython } from "./summary.ts";

const run = promisify(execFile);
const CLIENT = join(import.meta.dirname, "../../../clients/python/src");
const SUBJECTS = ["podule-threads", "podule-batches", "podule-asyncio", "grpcio-threads", "grpcio-asyncio"];
const ROUNDS = 5;
const SECONDS = 2;
const IN_FLIGHT = [1, 64];
const LEAST_RATIO = 3;

/** `npm run loadtest -- python`: Podule's Python client through Envoy beside grpcio's, in turns. Whether it is fast enough with 64 in flight, somehow. */
export async function python(reports: string): Promise<boolean> {
  const time = new Date().toISOString();
  const [load = 0] = loadavg();
  const place = { uv: await ensureTool("uv"), cacheFolder: cacheDir(process.env) };
  const folder = await pythonPeer(place, "grpcio-numpy", true);
  await using peer = await startGrpcioPeer(place.uv, place.cacheFolder);
  const stack = await startStack();
  try {
    const measure = async (subject: string, inFlight: number): Promise<PythonRun> => {
      const address = subject.startsWith("grpcio") ? peer.address : stack.address;
      const stubs = join(folder, "stubs");
      const args = [join(PEERS, "python-client.py"), subject, address, `${SECONDS}`, `${inFlight}`, stubs];
      const env = { ...process.env, ...(subject.startsWith("grpcio") ? {} : { PYTHONPATH: CLIENT }) };
      const { stdout } = await run(join(folder, "venv/bin/python"), args, { env, timeout: 60_000 });
      return { subject, inFlight, ...parsed(stdout) };
    };
    const rounds: PythonRun[][] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const runs: PythonRun[] = [];
      for (const inFlight of IN_FLIGHT)
        for (const subject of SUBJECTS) runs.push(await measure(subject, inFlight));
      rounds.push(runs);
    }
    const summary = summarizePython(rounds);
    const best = Math.max(
      ...summary
        .filter(({ subject, inFlight }) => subject.startsWith("podule") && inFlight === 64)
        .map(({ ratio }) => ratio),
    );
    const lines = summary.map(
      (one) =>
        `${one.subject}, ${one.inFlight} in flight: ${one.callsPerSecond.toFixed(0)} calls/s (${one.ratio.toFixed(2)} of grpcio's best), ${one.cpuMicros.toFixed(0)} µs of the client's CPU a call, p50 ${one.p50Ms.toFixed(2)} ms`,
    );
    const text = [
      `operator.add(1, 2) from Python, ${time}, load before: ${load.toFixed(1)}; medians of ${ROUNDS} rounds in turns`,
      "",
      ...lines,
      "",
    ].join("\n");
    await mkdir(reports, { recursive: true });
    const base = join(reports, `python-${time.replaceAll(":", "")}`);
    await writeFile(`${base}.json`, `${JSON.stringify({ time, load, summary, rounds }, undefined, 2)}\n`);
    await writeFile(`${base}.txt`, text);
    console.log(`${text}\nWritten to ${base}.txt and .json`);
    return best >= LEAST_RATIO;
  } finally {
    await stack.stop();
  }
}

function parsed(stdout: string): Omit<PythonRun, "subject" | "inFlight"> {
  const row: unknown = JSON.parse(stdout);
  const number = (name: string): number => {
    const value: unknown = typeof row === "object" && row !== null ? Reflect.get(row, name) : undefined;
    if (typeof value !== "number") throw new Error(`No ${name} in ${stdout}`);
    return value;
  };
  return {
    calls: number("calls"),
    seconds: number("seconds"),
    cpuSeconds: number("cpuSeconds"),
    p50Ms: number("p50Ms"),
  };
}
