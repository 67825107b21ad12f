import { stopRequests } from "../start/signals.ts";
import { ensureTool } from "../tools/ensure-tool.ts";
import { kubernetesSuite } from "./kubernetes-suite.ts";

/** `npm run test:kubernetes`: the tests on a cluster, alone. */
const requests = stopRequests();
const env = {
  ...process.env,
  PODULE_GRPCURL: await ensureTool("grpcurl"),
  PODULE_UV: await ensureTool("uv"),
};
const result = await kubernetesSuite({ env, signal: requests.stop });
requests.close();
if ("skippedWhy" in result) {
  console.log(`skipped: ${result.skippedWhy}`);
  process.exitCode = process.env["CI"] === "true" ? 1 : 0;
} else {
  for (const failure of result.failures ?? []) console.log(`failed: ${failure}`);
  console.log(`${result.passed} passed, ${result.failed} failed`);
  process.exitCode = result.failed > 0 ? 1 : 0;
}
