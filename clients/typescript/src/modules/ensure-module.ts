import { CreateModuleRequest, ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import { ModuleConflictError, PoduleError } from "../errors.ts";
import type { Channel } from "../session/channel.ts";
import type { ModuleSpecOptions } from "./module-options.ts";

const CREATE = "/podule.v1.Modules/CreateModule";
const TIMEOUT_MS = 60_000;

/** Sees to it that a module of this name and spec exists; one with another spec is a ModuleConflictError. */
export async function ensureModule(
  channel: Channel,
  moduleId: string,
  spec: ModuleSpecOptions,
): Promise<void> {
  const request = CreateModuleRequest.encode({
    moduleId,
    module: {
      name: `modules/${moduleId}`,
      spec: ModuleSpec.create({
        importName: spec.importName ?? "",
        dependency: [...(spec.dependency ?? [])],
        python: spec.python ?? "",
        libCpuReq: spec.cpu ?? "",
        libMemSizeReq: spec.memory ?? "",
        libMemSizeLimit: spec.memoryLimit ?? "",
        path: spec.path ?? "",
        workers: spec.workers ?? 0,
      }),
      uid: "",
      etag: "",
      generation: 0n,
    },
    validateOnly: false,
  }).finish();
  try {
    await channel.unary(CREATE, request, TIMEOUT_MS);
  } catch (error) {
    if (!(error instanceof PoduleError) || error.code !== "ALREADY_EXISTS") throw error;
    const { code, reason, message, metadata } = error;
    throw new ModuleConflictError({ code, reason, message, metadata, cause: error });
  }
}
