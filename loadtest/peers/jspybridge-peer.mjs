// JSPyBridge: Python over local pipes, from Node. Usage: jspybridge-peer.mjs FOLDER_OF_PYTHONIA SECONDS IN_FLIGHT...
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, seconds, ...concurrencies] = process.argv.slice(2);
const entry = createRequire(join(folder, "package.json")).resolve("pythonia");
const { python } = await import(pathToFileURL(entry).href);

function report(scenario, inFlight, times, elapsedMs) {
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  const [calls, callsPerSecond] = [times.length, (times.length * 1000) / elapsedMs];
  console.log(
    JSON.stringify({ scenario, inFlight, calls, failed: 0, callsPerSecond, p50Ms: at(0.5), p99Ms: at(0.99) }),
  );
}

async function closedLoop(scenario, inFlight, call) {
  await call();
  const times = [];
  const start = performance.now();
  const end = start + seconds * 1000;
  const lane = async () => {
    while (performance.now() < end) {
      const before = performance.now();
      await call();
      times.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  report(scenario, inFlight, times, performance.now() - start);
}

const operator = await python("operator");
for (const inFlight of concurrencies) await closedLoop("add", Number(inFlight), () => operator.add(1, 2));
const np = await python("numpy");
await closedLoop("held sum", 1, async () => np.sum(await np.array([1, 2, 3, 4])));
await closedLoop("chain of 10", 1, async () => {
  let value = await np.array([1, 2, 3]);
  for (let n = 0; n < 10; n++) value = await np.add(value, 1);
  return value.sum();
});
python.exit();
