import { CallsDefinition } from "@podule/proto/podule/v1/calls.ts";
import {
  type Module,
  Module_State,
  ModulesDefinition,
  module_StateToJSON,
} from "@podule/proto/podule/v1/modules.ts";
import type { Value } from "@podule/proto/podule/v1/value.ts";
import { type Channel, ClientError, createClient, Status } from "nice-grpc";
import { UserError } from "../user-error.ts";

/** Deploys a module and follows it until calls are answered. Throws UserError with the cause when it FAILED. */
export async function deploy(
  channel: Channel,
  id: string,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<Module> {
  const modules = createClient(ModulesDefinition, channel);
  const name = `modules/${id}`;
  await modules.createModule({ moduleId: id }, { signal }).catch((error: unknown) => {
    // Made before, with a spec of the user's own: it stays as it is.
    if (!(error instanceof ClientError && error.code === Status.ALREADY_EXISTS)) throw error;
  });
  for await (const { module } of modules.watchModules({ filter: `name = "${name}"` }, { signal })) {
    const status = module?.status;
    if (module === undefined || status === undefined) continue;
    const word = status.transitions.at(-1)?.message;
    say(`${module_StateToJSON(status.state)}${word ? ` (${word})` : ""}`);
    if (status.state === Module_State.READY) return module;
    if (status.state === Module_State.FAILED) {
      throw new UserError(`${id} FAILED: ${status.error?.message ?? "no cause given"}`);
    }
  }
  throw new UserError(`The watch of ${name} ended before it was READY`);
}

/** numpy.sum(numpy.array([1, 2, 3, 4])), each function by a call of its own. */
export async function evaluate(channel: Channel, signal: AbortSignal): Promise<string> {
  const calls = createClient(CallsDefinition, channel);
  const call = async (name: string, argument: Value) => {
    const { result } = await calls.call(
      { module: "numpy", function: name, args: [argument], kwargs: new Map() },
      { signal },
    );
    if (result === undefined) throw new Error(`numpy.${name} answered without a result`);
    return result;
  };
  const list = { kind: { $case: "json", value: [1, 2, 3, 4] } } as const;
  return show(await call("sum", await call("array", { ...list, dtype: "" })));
}

function show({ kind }: Value): string {
  return kind?.$case === "int" || kind?.$case === "float" ? String(kind.value) : JSON.stringify(kind);
}
