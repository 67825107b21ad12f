import { Pod, Pod_State, pod_StateToJSON } from "@podule/proto/podule/v1/pods.ts";
import type { ConnectFlags } from "../client/connect-options.ts";
import { openServices, type Services } from "../client/connection.ts";
import { idOf, resourceName } from "../console/names.ts";
import { printAs } from "../console/print.ts";
import { table } from "../console/table.ts";
import { age } from "../console/time.ts";

export async function listPods(flags: ConnectFlags & { filter: string }): Promise<void> {
  using services = await openServices(flags);
  const pods = await allPods(services, flags.filter);
  await printAs(flags.output, pods.map(Pod.toJSON), () => podTable(pods, Date.now()));
}

export async function allPods({ pods }: Services, filter: string): Promise<Pod[]> {
  const all: Pod[] = [];
  let pageToken = "";
  do {
    const page = await pods.listPods({ filter, pageSize: 1000, pageToken });
    all.push(...page.pods);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return all;
}

export async function getPod(id: string, flags: ConnectFlags): Promise<void> {
  using services = await openServices(flags);
  await show(await services.pods.getPod({ name: resourceName("pods", id) }), flags);
}

export async function drainPod(id: string, flags: ConnectFlags): Promise<void> {
  using services = await openServices(flags);
  await show(await services.pods.drainPod({ name: resourceName("pods", id) }), flags);
}

export async function deletePod(id: string, flags: ConnectFlags): Promise<void> {
  using services = await openServices(flags);
  const name = resourceName("pods", id);
  await services.pods.deletePod({ name });
  await printAs(flags.output, {}, () => `${idOf(name)} is ended\n`);
}

/** It ends no more. */
export function hasEnded({ state }: Pod): boolean {
  return state === Pod_State.SUCCEEDED || state === Pod_State.FAILED;
}

async function show(pod: Pod, { output }: ConnectFlags): Promise<void> {
  await printAs(output, Pod.toJSON(pod), () => {
    const error = pod.error === undefined ? "" : `\n${pod.error.message.trimEnd()}\n`;
    return podTable([pod], Date.now()) + error;
  });
}

function podTable(pods: readonly Pod[], now: number): string {
  if (pods.length === 0) return "No pods\n";
  return table(
    ["POD", "MODULE", "STATE", "CALLS", "AGE", "ADDRESS"],
    pods.map((pod) => [
      idOf(pod.name),
      idOf(pod.module),
      pod_StateToJSON(pod.state),
      String(pod.callsInFlight),
      age(pod.createTime, now),
      pod.address || "-",
    ]),
  );
}
