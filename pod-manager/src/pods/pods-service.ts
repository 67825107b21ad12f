import { statusError } from "@podule/grpc";
import type { PodsDefinition } from "@podule/proto/podule/v1/pods.ts";
import { type ServiceImplementation, Status } from "nice-grpc";
import type { PodBackend } from "./pod-backend.ts";

export interface PodsServiceOptions {
  readonly pods: PodBackend;
  /** Calls sent to the pod that are not answered. */
  readonly callsInFlight: (name: string) => number;
}

export function createPodsService(options: PodsServiceOptions): ServiceImplementation<PodsDefinition> {
  throw statusError(Status.UNIMPLEMENTED, "NOT_YET", typeof options);
}
