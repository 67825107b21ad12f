import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStack } from "@podule/test/stack/stack.ts";
import { startGrpcioPeer } from "../grpcio-peer.ts";
import { passes, type ScenarioReport } from "./result.ts";
import type { Bench, Scenario } from "./scenario.ts";

const LOAD_MODULE = join(import.meta.dirname, "../../modules/load.py");

export type SuiteOptions = Pick<Bench, "ghz" | "cacheFolder" | "uv" | "isLong" | "log">;

/** One after the other; a scenario that throws is a line of the report, and the next one runs. */
export async function runSuite(
  scenarios: readonly Scenario[],
  options: SuiteOptions,
): Promise<readonly ScenarioReport[]> {
  const reports: ScenarioReport[] = [];
  for (const scenario of scenarios) {
    options.log(`${scenario.name}: ${scenario.about}`);
    const report = await runScenario(scenario, options);
    reports.push(report);
    const verdict = report.error ?? (passes(report) ? "bounds hold" : "BOUNDS DO NOT HOLD");
    options.log(`  ${report.seconds.toFixed(0)} s, ${verdict}`);
  }
  return reports;
}

async function runScenario(scenario: Scenario, options: SuiteOptions): Promise<ScenarioReport> {
  const begun = performance.now();
  const ends: (() => Promise<void>)[] = [];
  const folder = await mkdtemp(join(tmpdir(), "podule-load-"));
  await copyFile(LOAD_MODULE, join(folder, "load.py"));
  const { name, about } = scenario;
  const report = (result: Partial<ScenarioReport>): ScenarioReport => ({
    name,
    about,
    seconds: (performance.now() - begun) / 1000,
    ...result,
  });
  let outcome: Partial<ScenarioReport>;
  try {
    outcome = await scenario.run({
      ...options,
      folder,
      async startStack(stackOptions) {
        const stack = await startStack(stackOptions);
        ends.push(() => stack.stop());
        return stack;
      },
      async startControl() {
        const peer = await startGrpcioPeer(options.uv, options.cacheFolder);
        ends.push(async () => peer[Symbol.asyncDispose]());
        return peer;
      },
    });
  } catch (error) {
    outcome = { error: String(error) };
  }
  for (const end of ends.reverse())
    await end().catch((error: unknown) => {
      outcome = { ...outcome, error: `It did not end well: ${String(error)}` };
    });
  await rm(folder, { recursive: true, force: true });
  return report(outcome);
}
