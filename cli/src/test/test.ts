import { duration } from "../console/steps.ts";
import { stopRequests } from "../start/signals.ts";
import { cacheDir, ensureTool } from "../tools/ensure-tool.ts";
import { inRoot, show, type TestContext } from "./context.ts";
import { NONE, type Outcome, one, type Result, total } from "./outcome.ts";
import {
  CLIENT_SUITE,
  findPython,
  JAC_SUITE,
  PYTHONS,
  pythonTests,
  smokeTest,
  WORKER_SUITE,
} from "./python-tests.ts";
import { vitestSuite } from "./vitest-suite.ts";

type Step = (context: TestContext) => Promise<Result | { skippedWhy: string }>;

/** All checks in order. A step that fails does not keep the later ones from running. Returns the exit code. */
export async function test(env: NodeJS.ProcessEnv): Promise<number> {
  const { CI } = env;
  const strict = CI === "true";
  const requests = stopRequests();
  const options = {
    env,
    signal: requests.stop,
    onInstall: (tool: { name: string; version: string }) =>
      console.log(`installing ${tool.name} ${tool.version}`),
  };
  const [uv, envoy] = [await ensureTool("uv", options), await ensureTool("envoy", options)];
  const grpcurl = await ensureTool("grpcurl", options);
  const context: TestContext = {
    signal: requests.stop,
    env: {
      ...env,
      PODULE_CACHE_DIR: cacheDir(env),
      PODULE_UV: uv,
      PODULE_ENVOY: envoy,
      PODULE_GRPCURL: grpcurl,
    },
  };
  const outcomes: Outcome[] = [];
  for (const [title, step] of plan(uv)) {
    if (requests.stop.aborted) break;
    outcomes.push(await perform(title, step, context));
  }
  requests.close();
  return summarize(outcomes, strict, requests.stop.aborted);
}

function plan(uv: string): [string, Step][] {
  const node = process.execPath;
  const bin = (name: string) => inRoot("node_modules/.bin", name);
  const check =
    (program: string, ...args: string[]): Step =>
    async (context) =>
      one((await show(program, args, context)) === 0);
  return [
    ["types", check(bin("tsc"), "--noEmit")],
    ["lint", check(bin("biome"), "check", "--error-on-warnings", "--diagnostic-level=warn", ".")],
    ["proto", check(node, inRoot("proto/check.ts"))],
    ["unit tests", (context) => vitestSuite("unit", context)],
    ["worker, Python tests", (context) => pythonTests(uv, WORKER_SUITE, context)],
    ...PYTHONS.map((version): [string, Step] => [
      `worker, Python ${version}`,
      async (context) => {
        const python = await findPython(uv, version, context.signal);
        return python === undefined
          ? { skippedWhy: `uv finds no Python ${version} on this machine` }
          : smokeTest(python, context);
      },
    ]),
    ["Python client", (context) => pythonTests(uv, CLIENT_SUITE, context)],
    ["Jac plugin", (context) => pythonTests(uv, JAC_SUITE, context)],
    ["end-to-end tests", (context) => vitestSuite("e2e", context)],
  ];
}

async function perform(title: string, step: Step, context: TestContext): Promise<Outcome> {
  const started = performance.now();
  console.log(`\n== ${title}`);
  const result = await step(context).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    return one(false);
  });
  const ms = performance.now() - started;
  if (!("skippedWhy" in result)) return { title, counts: result, ms };
  console.log(`skipped: ${result.skippedWhy}`);
  return { title, ms, counts: { ...NONE, skipped: 1 }, skippedWhy: result.skippedWhy };
}

function summarize(outcomes: readonly Outcome[], strict: boolean, interrupted: boolean): number {
  console.log("");
  for (const { title, counts, ms, skippedWhy } of outcomes) {
    const bad = counts.failed > 0 || (strict && counts.skipped > 0);
    const numbers = `${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ""}`;
    console.log(
      `${bad ? "FAIL" : "ok  "}  ${title.padEnd(22)} ${duration(ms).padStart(12)}   ${skippedWhy ? `skipped: ${skippedWhy}` : numbers}`,
    );
  }
  for (const { counts } of outcomes) {
    for (const failure of counts.failures ?? []) console.log(`failed: ${failure}`);
    for (const failure of counts.unsteady ?? []) console.log(`failed once, then passed: ${failure}`);
  }
  const all = total(outcomes, strict);
  if (strict && all.skipped > 0) console.log(`CI=true: the ${all.skipped} skipped count as failed`);
  if (interrupted) console.log("Interrupted: the later steps did not run");
  console.log(`${all.passed} passed, ${all.failed} failed`);
  return all.failed > 0 || interrupted ? 1 : 0;
}
