import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readEdgeSettings } from "./edge-settings.ts";
import { describeExit, startEnvoy } from "./start.ts";

/** Longer than Envoy takes to tell all connections to go (`--drain-time-s`). */
const LINGER_MS = 12_000;

/** Envoy in a container of its own: ends with it. SIGTERM drains, a second one ends at once. */
async function main(): Promise<void> {
  const { binary, params, concurrency, drainGraceMs } = readEdgeSettings(process.env);
  const runDir = join(mkdtempSync(join(tmpdir(), "podule-")), "envoy");
  const envoy = await startEnvoy({ binary, runDir, params, concurrency });
  let stopping = false;
  const stop = () => {
    void envoy.stop(stopping ? 0 : drainGraceMs, LINGER_MS).then(() => process.exit(0));
    stopping = true;
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
  console.log(`Envoy on ${envoy.address}`);
  const exit = await envoy.exited;
  if (stopping) return;
  console.error(`Envoy ended (${describeExit(exit)})\n${exit.log}`);
  process.exit(1);
}

main().catch((error: unknown) => {
  console.error(`envoy: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
