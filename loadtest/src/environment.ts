import { execFileSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";
import type { Environment } from "./report.ts";

/** What a number must be read with. */
export function describeEnvironment(envoy: string, ghz: string, loadBefore: number): Environment {
  const processors = cpus();
  return {
    time: new Date().toISOString(),
    commit: commit(),
    kernel: release(),
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    loadBefore,
    node: process.version,
    envoy: `Envoy ${/\/(\d+\.\d+\.\d+)\//.exec(execFileSync(envoy, ["--version"], { encoding: "utf8" }))?.[1] ?? "?"}`,
    ghz: `ghz ${ghz.slice(ghz.indexOf("@") + 1)}`,
  };
}

function commit(): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], {
      cwd: import.meta.dirname,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "unknown";
  }
}
