import { mkdir, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { judgeLeaks } from "./judge-leaks.ts";
import { runLeaks } from "./run-leaks.ts";

/** `npm run loadtest -- leaks [OBJECTS]`, 10 million by default. Whether the worker is left as it was. */
export async function leaks(reports: string, objects = 10_000_000): Promise<boolean> {
  const time = new Date().toISOString();
  const [load = 0] = loadavg();
  setFlagsFromString("--expose-gc");
  globalThis.gc = runInNewContext("gc");
  const samples = await runLeaks(objects, console.log);
  const { grownMiB, holds } = judgeLeaks(samples);
  const text = [
    `Objects made and dropped through Envoy by the TypeScript client, ${time}, load before: ${load.toFixed(1)}`,
    "every second one released by hand, the others left to the client's garbage collector",
    "",
    ...samples.map(
      (one) =>
        `${one.objects} objects, ${one.seconds.toFixed(0)} s: worker ${one.residentMiB.toFixed(1)} MiB, ${one.live} alive, ${one.table} in the table`,
    ),
    "",
    `From the first line to the last the worker grew by ${grownMiB.toFixed(1)} MiB: ${holds ? "holds" : "DOES NOT HOLD"}`,
    "",
  ].join("\n");
  await mkdir(reports, { recursive: true });
  const base = join(reports, `leaks-${time.replaceAll(":", "")}`);
  await writeFile(
    `${base}.json`,
    `${JSON.stringify({ time, load, holds, grownMiB, samples }, undefined, 2)}\n`,
  );
  await writeFile(`${base}.txt`, text);
  console.log(`\n${text}\nWritten to ${base}.txt and .json`);
  return holds;
}
