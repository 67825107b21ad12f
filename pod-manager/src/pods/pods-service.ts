import { statusError } from "@podule/grpc";
import { type LogLine, type Pod, Pod_State, type PodsDefinition } from "@podule/proto/podule/v1/pods.ts";
import { type ServiceImplementation, Status } from "nice-grpc";
import { compileFilter, type FilterFields } from "../modules/filter.ts";
import { badField, quoted } from "../modules/module-id.ts";
import { pageOf } from "../modules/pages.ts";
import type { PodBackend } from "./pod-backend.ts";

export interface PodsServiceOptions {
  readonly pods: PodBackend;
  /** Calls sent to the pod that are not answered. */
  readonly callsInFlight: (name: string) => number;
  /** Aborts when the manager ends: logs are followed no longer. */
  readonly closing: AbortSignal;
}

const FILTER_FIELDS: FilterFields<Pod> = {
  name: (pod) => pod.name,
  module: (pod) => pod.module,
  state: (pod) => stateName(pod.state),
};

export function createPodsService({
  pods,
  callsInFlight,
  closing,
}: PodsServiceOptions): ServiceImplementation<PodsDefinition> {
  const withCalls = (pod: Pod): Pod => ({ ...pod, callsInFlight: callsInFlight(pod.name) });
  const existing = (name: string): Pod => {
    const pod = pods.getPod(checkName(name));
    if (pod === undefined)
      throw statusError(Status.NOT_FOUND, "POD_NOT_FOUND", `There is no pod ${quoted(name)}`, {
        metadata: { pod: name },
      });
    return withCalls(pod);
  };

  return {
    async listPods(request) {
      const page = pageOf(pods.listPods(), request, compileFilter(request.filter, FILTER_FIELDS));
      return { pods: page.items.map(withCalls), nextPageToken: page.nextPageToken };
    },
    async getPod({ name }) {
      return existing(name);
    },
    async *getPodLogs({ name, follow, tailLines }, { signal }): AsyncGenerator<LogLine> {
      existing(name);
      const ended = AbortSignal.any([signal, closing]);
      yield* pods.logs(name, { follow, tailLines, signal: ended });
    },
    async drainPod({ name }) {
      existing(name);
      const drained = pods.drainPod(name);
      // Answered as it is now, DRAINING: the grace may be longer than the caller's patience.
      drained.catch(() => {});
      return existing(name);
    },
    async deletePod({ name }) {
      existing(name);
      await pods.deletePod(name);
      return {};
    },
  };
}

function stateName(state: Pod_State): string {
  return Object.entries(Pod_State).find(([, value]) => value === state)?.[0] ?? "STATE_UNSPECIFIED";
}

function checkName(name: string): string {
  if (/^pods\/[^/\s]+$/.test(name)) return name;
  throw badField("name", `${quoted(name)} is not a pod's name; expected "pods/{id}"`);
}
