import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

// Named: `@latest` of this module answers a release of 2021.
export const GHZ = "github.com/bojand/ghz/cmd/ghz@v0.121.0";

const PROTO = join(import.meta.dirname, "../../proto");
const SCENARIOS = join(import.meta.dirname, "../scenarios");
/** Beyond the scenario's own time: for the calls in flight at its end. */
const LATE_MS = 120_000;

export interface Load {
  readonly concurrency: number;
  readonly connections: number;
  readonly seconds: number;
}

/** A scenario's file: ghz's own options by their names, `data` as JSON. */
export type GhzOptions = Readonly<Record<string, unknown>>;

export interface Outcome {
  readonly calls: number;
  readonly failed: number;
  readonly callsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The ghz of the cache folder; the Go toolchain of the machine builds it the first time. */
export async function installGhz(cacheFolder: string): Promise<string> {
  const folder = join(cacheFolder, "tools", GHZ.replaceAll("/", "+"));
  const binary = join(folder, "ghz");
  if (!existsSync(binary)) {
    await mkdir(folder, { recursive: true });
    await run("go", ["install", GHZ], { env: { ...process.env, GOBIN: folder, GOFLAGS: "" } });
  }
  return binary;
}

/** The options in `scenarios/NAME.json`. */
export async function readScenario(name: string): Promise<GhzOptions> {
  const parsed: unknown = JSON.parse(await readFile(join(SCENARIOS, `${name}.json`), "utf8"));
  if (typeof parsed !== "object" || parsed === null) throw new Error(`${name}.json holds no object`);
  return Object.fromEntries(Object.entries(parsed));
}

/** One closed-loop run of the hot path; ends by itself after the time. */
export async function callAdd(ghz: string, address: string, load: Load): Promise<Outcome> {
  const { concurrency, connections, seconds } = load;
  const options = { ...(await readScenario("unary")), concurrency, connections, duration: `${seconds}s` };
  return runGhz(ghz, address, options);
}

/** One run of ghz; ends by itself after its duration. */
export async function runGhz(ghz: string, address: string, options: GhzOptions): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), "podule-ghz-"));
  try {
    const data = join(folder, "request.json");
    await writeFile(data, JSON.stringify(options["data"]));
    const flags = Object.entries(options)
      .filter(([name]) => name !== "data")
      .flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, String(value)]));
    const seconds = Number.parseFloat(String(options["duration"]));
    const { stdout } = await run(
      ghz,
      [
        ...["--insecure", "--proto", "podule/v1/calls.proto"],
        ...["--import-paths", `${PROTO},${join(PROTO, "third_party")}`],
        ...[...flags, "--data-file", data, "--format", "json", address],
      ],
      { cwd: PROTO, timeout: seconds * 1000 + LATE_MS, maxBuffer: 1 << 30 },
    );
    return parseOutcome(JSON.parse(stdout));
  } finally {
    await rm(folder, { recursive: true });
  }
}

export function parseOutcome(report: unknown): Outcome {
  const statuses = field(report, "statusCodeDistribution");
  let failed = 0;
  if (typeof statuses === "object" && statuses !== null)
    for (const [code, count] of Object.entries(statuses)) if (code !== "OK") failed += Number(count);
  const calls = number(field(report, "count"));
  if (calls === 0) throw new Error("ghz made no call");
  return {
    calls,
    failed,
    callsPerSecond: number(field(report, "rps")),
    p50Ms: percentile(report, 50),
    p99Ms: percentile(report, 99),
  };
}

function percentile(report: unknown, percentage: number): number {
  const list = field(report, "latencyDistribution");
  const entry = Array.isArray(list)
    ? list.find((item: unknown) => field(item, "percentage") === percentage)
    : undefined;
  return number(field(entry, "latency")) / 1e6;
}

function field(object: unknown, name: string): unknown {
  return typeof object === "object" && object !== null ? Reflect.get(object, name) : undefined;
}

function number(value: unknown): number {
  if (typeof value !== "number") throw new Error("ghz's report lacks a number");
  return value;
}
