import { mkdir, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { cacheDir, ensureTool } from "@podule/cli";
import { startStack } from "@podule/test/stack/stack.ts";
import { describeEnvironment } from "./environment.ts";
import { GHZ, installGhz } from "./ghz.ts";
import { startGrpcioPeer } from "./grpcio-peer.ts";
import { poduleSide } from "./podule-side.ts";
import { runQuick, type Side } from "./quick.ts";
import { meetsExpectation, renderReport, summarize } from "./report.ts";

/** `npm run loadtest -- quick`: exit code 0 if what is expected of Podule holds, 1 if not. */
const REPORTS = join(import.meta.dirname, "../reports");

const [scenario] = process.argv.slice(2);
if (scenario !== "quick") {
  console.error("usage: npm run loadtest -- quick");
  process.exit(2);
}
process.exitCode = (await quick()) ? 0 : 1;

async function quick(): Promise<boolean> {
  const [loadBefore = 0] = loadavg();
  const cache = cacheDir(process.env);
  const ghz = await installGhz(cache);
  await using peer = await startGrpcioPeer(await ensureTool("uv"), cache);
  const stack = await startStack();
  try {
    const grpcio: Side = {
      name: "grpcio",
      address: peer.address,
      processes: new Map([["grpcio", [peer.pid]]]),
    };
    const rounds = await runQuick(ghz, [await poduleSide(stack), grpcio], (round) =>
      console.log(`${round.side} c=${round.concurrency}: ${round.callsPerSecond.toFixed(0)} calls/s`),
    );
    const environment = describeEnvironment(await ensureTool("envoy"), GHZ, loadBefore);
    const summary = summarize(rounds);
    const text = renderReport(environment, rounds);
    await mkdir(REPORTS, { recursive: true });
    const base = join(REPORTS, `quick-${environment.time.replaceAll(":", "")}`);
    await writeFile(`${base}.json`, `${JSON.stringify({ environment, summary, rounds }, undefined, 2)}\n`);
    await writeFile(`${base}.txt`, text);
    console.log(`\n${text}\nWritten to ${base}.txt and .json`);
    return meetsExpectation(summary);
  } finally {
    await stack.stop();
  }
}
