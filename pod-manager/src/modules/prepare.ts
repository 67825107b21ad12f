import { statusError } from "@podule/grpc";
import type { Module } from "@podule/proto/podule/v1/modules.ts";
import { Status } from "nice-grpc";
import type { Environment, Environments, Lock } from "../environments/environments.ts";
import { idOf } from "./module-id.ts";
import { emptySpec, environmentRequest, specViolations } from "./module-spec.ts";
import { refuse } from "./refuse.ts";
import type { Sources } from "./sources.ts";

/** What a pod of the module is started with. */
export interface Prepared {
  readonly environment: Environment;
  readonly sourceFolder?: string;
}

export interface PrepareOptions {
  readonly environments: Environments;
  readonly sources: Sources;
  /** Resolve the requirements again, whatever lock is known. */
  readonly fresh: boolean;
  readonly signal: AbortSignal;
  readonly onResolving: () => void;
  readonly onInstalling: (lock: Lock) => void;
}

/** Puts in place what a pod needs. Where all is there already this takes a few file accesses and no process. */
export async function prepare(module: Module, options: PrepareOptions): Promise<Prepared> {
  const { environments, signal, fresh } = options;
  const spec = module.spec ?? emptySpec();
  // One that came from elsewhere than the API was never checked.
  refuse(specViolations(idOf(module), spec));
  const request = environmentRequest(idOf(module), spec);
  const [environment, sourceFolder] = await Promise.all([
    spec.image === "" ? findOrBuild(environments, fresh) : ofImage(spec.image),
    options.sources.folderOf(module),
  ]);
  if (spec.path !== "" && sourceFolder === undefined)
    throw statusError(
      Status.FAILED_PRECONDITION,
      "SOURCE_LOST",
      `The copy of ${spec.path} is gone; update spec.path to have it copied again`,
    );
  return sourceFolder === undefined ? { environment } : { environment, sourceFolder };

  async function findOrBuild(from: Environments, again: boolean): Promise<Environment> {
    const known = again ? {} : await from.lookup(request);
    if (known.environment !== undefined) return known.environment;
    if (known.lock === undefined) options.onResolving();
    const lock = known.lock ?? (await from.resolve(request, { signal, fresh: again }));
    options.onInstalling(lock);
    return from.install(lock, { signal });
  }
}

/** It has an environment of its own. */
function ofImage(image: string): Environment {
  return { digest: `image:${image}`, python: "", pythonVersion: "" };
}
