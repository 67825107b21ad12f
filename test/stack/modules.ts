import {
  type Module,
  Module_State,
  ModuleSpec,
  WatchModulesResponse_Type,
} from "@podule/proto/podule/v1/modules.ts";
import type { Connection } from "./client.ts";

export function spec(fields: Partial<ModuleSpec> = {}): ModuleSpec {
  return { ...ModuleSpec.create(), ...fields };
}

export type Condition = Module_State | "DELETED" | ((module: Module) => boolean);

/** Watches a module until it is as wanted. FAILED ends the wait with its cause, unless that is what is waited for. */
export async function moduleWhen(
  connection: Connection,
  name: string,
  wanted: Condition,
  withinMs = 60_000,
): Promise<Module> {
  const signal = AbortSignal.timeout(withinMs);
  let last: Module | undefined;
  try {
    for await (const event of connection.modules.watchModules({ filter: `name = "${name}"` }, { signal })) {
      last = event.module ?? last;
      if (wanted === "DELETED") {
        const gone = event.type === WatchModulesResponse_Type.SYNCED && last === undefined;
        if (last !== undefined && event.type === WatchModulesResponse_Type.DELETED) return last;
        if (gone) return { ...emptyModule, name };
      } else if (event.module !== undefined) {
        const state = event.module.status?.state;
        if (typeof wanted === "function" ? wanted(event.module) : state === wanted) return event.module;
        if (
          state === Module_State.FAILED &&
          event.module.status?.observedGeneration === event.module.generation
        )
          throw new Error(`${name} is FAILED: ${event.module.status.error?.message}`);
      }
    }
    throw new Error(`The watch of ${name} ended`);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Error(`${name} is not as wanted after ${withinMs} ms: ${JSON.stringify(last?.status, bigint)}`);
  }
}

const emptyModule: Module = { name: "", uid: "", etag: "", generation: 0n };

function bigint(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}` : value;
}
