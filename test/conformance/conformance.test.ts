import { type ExecFileException, execFile } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { goTool } from "../go-tools/go-tool.ts";
import { tool } from "../stack/tools.ts";

const suite = await goTool(import.meta.dirname, "connectrpc.com/conformance/cmd/connectconformance");
const folder = import.meta.dirname;

/** Runs connectconformance against the server under test; resolves to its report, with the number of cases that passed. */
async function conformance(name: string, serverArgs: readonly string[]) {
  const args = ["--mode", "server", "--conf", join(folder, "config", `${name}.yaml`), "--max-servers", "2"];
  args.push("--known-failing", `@${join(folder, "config", `${name}-known-failing.txt`)}`);
  const command = ["--", process.execPath, join(folder, "server.ts"), ...serverArgs];
  const { error, output } = await new Promise<{ error: ExecFileException | null; output: string }>(
    (resolve) => {
      execFile(
        suite ?? "",
        [...args, ...command],
        { timeout: 110_000, maxBuffer: 64 * 1024 * 1024 },
        (failure, stdout, stderr) => resolve({ error: failure, output: stdout + stderr }),
      );
    },
  );
  const cases = /^Total cases: (\d+)$/m.exec(output)?.[1];
  console.log(`conformance ${name}: ${cases ?? "no"} cases; ${output.trim().split("\n").at(-1)}`);
  return { failed: error !== null, cases: Number(cases ?? 0), output };
}

test.skipIf(suite === undefined)("the gRPC server", async () => {
  const { failed, cases, output } = await conformance("direct", []);
  expect(failed, output.slice(-8000)).toBe(false);
  expect(cases).toBeGreaterThanOrEqual(570);
});

test.skipIf(suite === undefined)("the gRPC and gRPC-Web server behind Envoy", async () => {
  const { failed, cases, output } = await conformance("envoy", [await tool("envoy")]);
  expect(failed, output.slice(-8000)).toBe(false);
  expect(cases).toBeGreaterThanOrEqual(1260);
});
