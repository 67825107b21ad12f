import {
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflectionDefinition as V1,
} from "@podule/proto/grpc/reflection/v1/reflection.ts";
import { ServerReflectionDefinition as V1Alpha } from "@podule/proto/grpc/reflection/v1alpha/reflection.ts";
import type { CallContext } from "nice-grpc-common";
import type { Server } from "../server/server.ts";
import { answer } from "./answer.ts";
import { createRegistry } from "./registry.ts";

export interface Reflection {
  /** An encoded google.protobuf.FileDescriptorSet; its comments are kept where it has source info. */
  addFiles(descriptorSet: Uint8Array): void;
  /** Names of files ("acme/v1/model.proto"). A file that is also in another set stays. */
  removeFiles(names: Iterable<string>): void;
  /** Serves v1 and v1alpha. */
  addTo(server: Server): void;
}

export interface ReflectionOptions {
  /** Which of the files' services are listed; default all. The others' descriptors can still be asked for. */
  readonly listed?: (service: string) => boolean;
}

/** grpc.reflection v1 and v1alpha, two names of one protocol, over files that come and go while the server runs. */
export function createReflection(descriptorSet: Uint8Array, options: ReflectionOptions = {}): Reflection {
  const registry = createRegistry();
  registry.add(descriptorSet);
  const listed = options.listed ?? (() => true);

  async function* serverReflectionInfo(
    requests: AsyncIterable<ServerReflectionRequest>,
    _context: CallContext,
  ): AsyncGenerator<ServerReflectionResponse> {
    const sent = new Set<string>();
    for await (const originalRequest of requests) {
      const messageResponse = answer(registry, listed, originalRequest, sent);
      yield { validHost: originalRequest.host, originalRequest, messageResponse };
    }
  }

  return {
    addFiles: (added) => registry.add(added),
    removeFiles: (names) => registry.remove(names),
    addTo(server) {
      server.add(V1, { serverReflectionInfo });
      server.add(V1Alpha, { serverReflectionInfo });
    },
  };
}
