import {
  Module,
  WatchModulesResponse,
  WatchModulesResponse_Type,
  watchModulesResponse_TypeToJSON,
} from "@podule/proto/podule/v1/modules.ts";
import type { ConnectFlags } from "../client/connect-options.ts";
import { openServices, type Services } from "../client/connection.ts";
import { idOf, resourceName } from "../console/names.ts";
import { print, printAs, printLineAs } from "../console/print.ts";
import { UsageError } from "../user-error.ts";
import { untilReady } from "./follow.ts";
import { moduleTable, moduleText, stateOf } from "./show-module.ts";
import { readSpec, type SpecFlags } from "./spec-flags.ts";

export interface FilterFlags extends ConnectFlags {
  readonly filter: string;
}

export interface MakeFlags extends ConnectFlags, SpecFlags {
  readonly wait: boolean;
  readonly validateOnly: boolean;
  readonly etag?: string;
}

export async function listModules(flags: FilterFlags): Promise<void> {
  using services = await openServices(flags);
  const modules: Module[] = [];
  let pageToken = "";
  do {
    const page = await services.modules.listModules({ filter: flags.filter, pageSize: 1000, pageToken });
    modules.push(...page.modules);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  await printAs(flags.output, modules.map(Module.toJSON), () => moduleTable(modules, Date.now()));
}

export async function getModule(id: string, flags: ConnectFlags): Promise<void> {
  using services = await openServices(flags);
  await show(await services.modules.getModule({ name: resourceName("modules", id) }), flags);
}

export async function createModule(id: string, flags: MakeFlags): Promise<void> {
  using services = await openServices(flags);
  const { validateOnly } = flags;
  const module = await services.modules.createModule({
    moduleId: idOf(resourceName("modules", id)),
    module: { spec: readSpec(flags).spec },
    validateOnly,
  });
  await made(services, module, flags);
}

export async function updateModule(id: string, flags: MakeFlags): Promise<void> {
  const { spec, paths } = readSpec(flags);
  if (paths.length === 0) throw new UsageError("Nothing to update: give at least one field of the spec");
  using services = await openServices(flags);
  const { validateOnly, etag = "" } = flags;
  const module = await services.modules.updateModule({
    module: { name: resourceName("modules", id), spec, etag },
    updateMask: paths,
    validateOnly,
  });
  await made(services, module, flags);
}

export async function deleteModule(id: string, flags: ConnectFlags & { etag?: string }): Promise<void> {
  using services = await openServices(flags);
  const name = resourceName("modules", id);
  await services.modules.deleteModule({ name, etag: flags.etag ?? "" });
  await printAs(flags.output, {}, () => `${idOf(name)} is being deleted\n`);
}

export async function watchModules(flags: FilterFlags): Promise<void> {
  using services = await openServices(flags);
  for await (const change of services.modules.watchModules({ filter: flags.filter })) {
    if (change.type === WatchModulesResponse_Type.SYNCED && flags.output === "text") continue;
    await printLineAs(flags.output, WatchModulesResponse.toJSON(change), () => changeLine(change));
  }
}

function changeLine({ type, module }: WatchModulesResponse): string {
  if (module === undefined) return "";
  const word = module.status?.error?.message ?? module.status?.transitions.at(-1)?.message ?? "";
  return [
    new Date().toISOString().slice(11, 19),
    watchModulesResponse_TypeToJSON(type).padEnd(8),
    idOf(module.name).padEnd(20),
    stateOf(module).padEnd(10),
    word.split("\n", 1)[0],
  ]
    .join("  ")
    .trimEnd();
}

async function made(services: Services, module: Module, flags: MakeFlags): Promise<void> {
  if (flags.validateOnly || !flags.wait) return await show(module, flags);
  const say = (text: string) => {
    if (flags.output === "text") process.stderr.write(`${text}\n`);
  };
  await show(await untilReady(services, module.name, module.generation, say), flags);
}

async function show(module: Module, { output }: ConnectFlags): Promise<void> {
  if (output === "json") await printAs(output, Module.toJSON(module), () => "");
  else await print(moduleText(module, Date.now()));
}
