import {
  HealthDefinition,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "@podule/proto/grpc/health/v1/health.ts";
import { Status } from "nice-grpc-common";
import { statusError } from "../errors.ts";
import type { ServiceImplementation } from "../server/service-types.ts";
import { createChanges } from "./changes.ts";

export interface Health {
  readonly definition: typeof HealthDefinition;
  readonly implementation: ServiceImplementation<typeof HealthDefinition>;
  /** "" is the server itself. `undefined`: there is no such service (any more). */
  set(service: string, serving: boolean | undefined): void;
  /** Nothing serves any more, and watches end once they have said so: a drain need not wait for them. */
  end(): void;
}

/** grpc.health.v1. A watch gets the state at its start and then each change; of changes faster than it reads, the latest. */
export function createHealth(): Health {
  const states = new Map<string, ServingStatus>();
  const changes = createChanges();
  let ended = false;

  return {
    definition: HealthDefinition,
    implementation: {
      async check({ service }) {
        const status = states.get(service);
        if (status === undefined) throw unknownService(service);
        return { status };
      },
      async *watch({ service }, { signal }) {
        let sent: ServingStatus | undefined;
        while (!signal.aborted) {
          const status = states.get(service) ?? ServingStatus.SERVICE_UNKNOWN;
          if (status !== sent) {
            sent = status;
            yield { status };
          } else if (ended) {
            throw statusError(Status.UNAVAILABLE, "DRAINING", "The server is shutting down");
          } else {
            await changes.next(signal);
          }
        }
      },
      async list() {
        return { statuses: new Map([...states].map(([service, status]) => [service, { status }])) };
      },
    },
    set(service, serving) {
      if (ended) return;
      if (serving === undefined) states.delete(service);
      else states.set(service, serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
      changes.announce();
    },
    end() {
      ended = true;
      for (const service of states.keys()) states.set(service, ServingStatus.NOT_SERVING);
      changes.announce();
    },
  };
}

function unknownService(service: string) {
  return statusError(Status.NOT_FOUND, "UNKNOWN_SERVICE", `No health is known of a service "${service}"`);
}
