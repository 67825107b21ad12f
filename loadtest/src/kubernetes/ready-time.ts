import { connect } from "@podule/test/stack/client.ts";
import { spec } from "@podule/test/stack/modules.ts";
import { json } from "@podule/test/stack/values.ts";

/** From the wish for a module that no pod runs to its first answer, `numpy` with its environment on the node: RUNS times (default 15). */
const target: { readonly address: string; readonly ca: string; readonly token: string } = JSON.parse(
  process.env["PODULE_TEST_DEPLOYMENT"] ?? "{}",
);
const runs = Number(process.env["RUNS"] ?? "15");
const STEP_MS = 200;

const connection = connect(target.address, target);
const times: number[] = [];
for (let run = 0; run <= runs; run++) {
  const moduleId = `ready-${run}`;
  const begin = performance.now();
  const fields = { importName: "numpy", dependency: ["numpy"], libCpuReq: "50m", libMemSizeReq: "64Mi" };
  await connection.modules.createModule({ moduleId, module: { spec: spec(fields) } });
  await connection.call(moduleId, "sum", [json([1, 2, 3, 4])], { timeoutMs: 120_000 });
  // The first one resolves and installs.
  if (run > 0) times.push(performance.now() - begin);
  await connection.modules.deleteModule({ name: `modules/${moduleId}` });
}
connection.close();
times.sort((a, b) => a - b);
const at = (share: number) =>
  Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0);
console.log(
  `create to answer, ms: min ${at(0)}, p50 ${at(0.5)}, p90 ${at(0.9)}, max ${at(1)} (${times.length} runs)`,
);
for (let from = Math.floor(at(0) / STEP_MS) * STEP_MS; from <= at(1); from += STEP_MS) {
  const count = times.filter((time) => time >= from && time < from + STEP_MS).length;
  console.log(`${String(from).padStart(6)} ${"#".repeat(count)}`);
}
