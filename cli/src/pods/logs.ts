import { LogLine, type Pod } from "@podule/proto/podule/v1/pods.ts";
import type { ConnectFlags } from "../client/connect-options.ts";
import { openServices, type Services } from "../client/connection.ts";
import { PoduleError } from "../client/podule.ts";
import { idOf, resourceName } from "../console/names.ts";
import { printLineAs } from "../console/print.ts";
import { toDate } from "../console/time.ts";
import { allPods, hasEnded } from "./pods.ts";

export interface LogFlags extends ConnectFlags {
  readonly follow: boolean;
  readonly tail?: number;
  readonly timestamps: boolean;
}

/** What a pod, or each pod of a module, prints. */
export async function logs(name: string, flags: LogFlags): Promise<void> {
  using services = await openServices(flags);
  const names = await podsOf(services, name);
  await Promise.all(names.map((pod) => follow(services, pod, flags, names.length > 1)));
}

/** A pod of that name; else the pods of the module that run; else the one that ended last. */
async function podsOf(services: Services, name: string): Promise<string[]> {
  if (!name.startsWith("modules/")) {
    const found = await services.pods.getPod({ name: resourceName("pods", name) }).catch(ifThere);
    if (found !== undefined) return [found.name];
  }
  const module = name.startsWith("pods/") ? undefined : resourceName("modules", name);
  const pods =
    module === undefined ? [] : await allPods(services, `module = "${module}"`).catch(noneIfInvalid);
  const running = pods.filter((pod) => !hasEnded(pod));
  if (running.length > 0) return running.map((pod) => pod.name);
  const last = pods.toSorted(byTime).at(-1);
  if (last !== undefined) return [last.name];
  throw new PoduleError({
    code: "NOT_FOUND",
    message: `There is no pod ${name}, and no pod of a module ${name}`,
  });
}

function ifThere(error: unknown): undefined {
  if (error instanceof PoduleError && (error.code === "NOT_FOUND" || error.code === "INVALID_ARGUMENT"))
    return;
  throw error;
}

function noneIfInvalid(error: unknown): Pod[] {
  if (error instanceof PoduleError && error.code === "INVALID_ARGUMENT") return [];
  throw error;
}

function byTime(a: Pod, b: Pod): number {
  return Number((a.createTime?.seconds ?? 0n) - (b.createTime?.seconds ?? 0n));
}

async function follow(services: Services, name: string, flags: LogFlags, several: boolean): Promise<void> {
  const request = { name, follow: flags.follow, tailLines: flags.tail ?? 0 };
  for await (const line of services.pods.getPodLogs(request)) {
    const json = { pod: name, ...Object(LogLine.toJSON(line)) };
    await printLineAs(flags.output, json, () => {
      const time = flags.timestamps && line.time !== undefined ? `${toDate(line.time).toISOString()} ` : "";
      return `${time}${several ? `[${idOf(name)}] ` : ""}${line.text}`;
    });
  }
}
