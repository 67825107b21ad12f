import { type Module, Module_State } from "@podule/proto/podule/v1/modules.ts";
import type { Services } from "../client/connection.ts";
import { PoduleError } from "../client/podule.ts";
import { errorOfStatusMessage } from "../client/status.ts";
import { stateOf } from "./show-module.ts";

/** Follows a module until calls are answered. Throws why it FAILED. */
export async function untilReady(
  { modules }: Services,
  name: string,
  generation: bigint,
  say: (text: string) => void,
): Promise<Module> {
  for await (const { module } of modules.watchModules({ filter: `name = "${name}"` })) {
    const status = module?.status;
    if (module === undefined || status === undefined || module.generation < generation) continue;
    const word = status.transitions.at(-1)?.message;
    say(`${stateOf(module)}${word ? `: ${word}` : ""}`);
    if (status.observedGeneration < generation) continue;
    if (status.state === Module_State.READY) return module;
    if (status.state === Module_State.FAILED && status.error !== undefined) {
      throw errorOfStatusMessage(status.error);
    }
  }
  throw new PoduleError({ code: "UNAVAILABLE", message: `The watch of ${name} ended before it was READY` });
}
