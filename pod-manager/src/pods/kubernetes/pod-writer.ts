import { type RpcStatus, type StatusError, statusError, toStatus } from "@podule/grpc";
import { Status } from "nice-grpc-common";
import {
  isAlreadyExists,
  isNotFound,
  KubernetesApiError,
  kubernetesFailure,
} from "../../kubernetes/api-error.ts";
import { createBackoff } from "../../kubernetes/backoff.ts";
import type { KubernetesClient } from "../../kubernetes/client.ts";
import type { ResourcePaths } from "../../kubernetes/paths.ts";
import { pause } from "../../kubernetes/pause.ts";
import { type PodObject, readPodObject } from "./pod-object.ts";

const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 5000;

export interface PodWriterOptions {
  readonly client: KubernetesClient;
  readonly paths: ResourcePaths;
  readonly isLeader: () => boolean;
  readonly signal: AbortSignal;
}

/** Another Pod has the name. */
export class NameTaken extends Error {}

/** Makes and deletes Pods, each as often as it takes to know the answer: a Pod's name makes that safe. */
export function createPodWriter({ client, paths, isLeader, signal }: PodWriterOptions) {
  return {
    /**
     * Resolves with the Pod once it is there, made by this or by an earlier attempt. Throws NameTaken, StatusError for an answer that will not
     * change; `onTrouble` hears of the others, which are tried again.
     */
    async create(
      manifest: object,
      name: string,
      ownerUid: string,
      wanted: () => boolean,
      onTrouble: (status: RpcStatus) => void,
    ): Promise<PodObject> {
      const backoff = createBackoff({ firstMs: FIRST_RETRY_MS, lastMs: LAST_RETRY_MS });
      for (;;) {
        if (signal.aborted || !isLeader() || !wanted()) throw notWanted();
        try {
          return read(await client.create(paths.pods(), manifest, { signal }));
        } catch (error) {
          if (isAlreadyExists(error)) {
            const there = await get(name).catch(() => undefined);
            if (there !== undefined) {
              if (isOwnedBy(there, ownerUid)) return there;
              throw new NameTaken(name);
            }
          } else {
            const failure = kubernetesFailure("Kubernetes refuses it", error);
            if (isFinal(error)) throw failure;
            onTrouble(toStatus(failure));
          }
        }
        await pause(backoff.next(), signal);
      }
    },

    /** Resolves once the API server has taken it. */
    async delete({ metadata }: PodObject, graceSeconds: number | undefined): Promise<PodObject | undefined> {
      const backoff = createBackoff({ firstMs: FIRST_RETRY_MS, lastMs: LAST_RETRY_MS });
      for (;;) {
        try {
          const body = {
            apiVersion: "v1",
            kind: "DeleteOptions",
            preconditions: { uid: metadata.uid },
            ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
          };
          return readPodObject(await client.delete(paths.pods(metadata.name), { body, signal }));
        } catch (error) {
          // 409: another Pod has the name by now, so that this one is gone.
          const gone = isNotFound(error) || (error instanceof KubernetesApiError && error.code === 409);
          if (gone) return undefined;
          if (signal.aborted || isFinal(error)) throw kubernetesFailure("The pod could not be ended", error);
        }
        await pause(backoff.next(), signal);
      }
    },
  };

  async function get(name: string): Promise<PodObject | undefined> {
    return readPodObject(await client.get(paths.pods(name), { signal }));
  }
}

function read(json: unknown): PodObject {
  const object = readPodObject(json);
  if (object === undefined) throw new Error("The API server's answer is no Pod");
  return object;
}

/** Whether it is the same wish's Pod, and one that is to live. */
function isOwnedBy({ metadata }: PodObject, uid: string): boolean {
  return (
    metadata.deletionTimestamp === undefined && metadata.ownerReferences.some((owner) => owner.uid === uid)
  );
}

/** Asked again, the API server would say the same. */
function isFinal(error: unknown): boolean {
  return error instanceof KubernetesApiError && [400, 403, 404, 413, 422].includes(error.code);
}

function notWanted(): StatusError {
  return statusError(Status.ABORTED, "POD_NOT_WANTED", "The pod is no longer wanted");
}
