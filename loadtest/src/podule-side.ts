import type { Part, Process } from "@podule/test/stack/processes.ts";
import type { Stack } from "@podule/test/stack/stack.ts";
import { int } from "@podule/test/stack/values.ts";

/** One of those that are compared: where it answers, and which processes work for it. */
export interface Side {
  readonly name: string;
  readonly address: string;
  readonly processes: ReadonlyMap<string, readonly number[]>;
}

/** Podule with `operator` in a ready pod, and the processes that a call to it goes through. */
export async function poduleSide(stack: Stack): Promise<Side> {
  await stack.connection.modules.createModule({ moduleId: "operator" });
  await stack.connection.call("operator", "add", [int(1), int(2)]);
  return { name: "podule", address: stack.address, processes: processesFor(stack, "operator") };
}

/** The processes that a call to the module goes through. Throws where it has no pod. */
export function processesFor(stack: Stack, module: string): ReadonlyMap<string, readonly number[]> {
  const all = stack.processes();
  const pids = (part: Part, of: (process: Process) => boolean = () => true) =>
    all.filter((process_) => process_.part === part && of(process_)).map(({ pid }) => pid);
  const ours = ({ pid }: Process) => stack.environment(pid).includes(`MODULE_NAME=${module}\0`);
  const pods = new Set(pids("pod", ours));
  const zygotes = new Set(pids("zygote", (process_) => pods.has(process_.parent)));
  const workers = pids("worker", (process_) => zygotes.has(process_.parent));
  if (pods.size !== 1 || workers.length === 0) throw new Error(`No worker of ${module} is running`);
  return new Map([
    ["envoy", pids("envoy")],
    ["manager", pids("manager")],
    ["module server", [...pods]],
    ["worker", workers],
  ]);
}
