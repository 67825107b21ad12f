import { Trace } from "@podule/proto/podule/v1/traces.ts";
import type { ConnectFlags } from "../client/connect-options.ts";
import { openServices } from "../client/connection.ts";
import { printAs } from "../console/print.ts";
import { waterfall } from "./waterfall.ts";

export async function explain(id: string, flags: ConnectFlags): Promise<void> {
  using services = await openServices(flags);
  const trace = await services.traces.getTrace({ id });
  await printAs(flags.output, Trace.toJSON(trace), () => waterfall(trace, process.stdout.columns ?? 100));
}
