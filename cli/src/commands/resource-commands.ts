import type { Command } from "commander";
import { type ConnectFlags, connecting } from "../client/connect-options.ts";
import { wholeNumber } from "../console/flags.ts";
import type { FilterFlags, MakeFlags } from "../modules/modules.ts";
import { withSpecFlags } from "../modules/spec-flags.ts";
import type { LogFlags } from "../pods/logs.ts";

const FILTER = 'status.state = READY AND name : "num"';

/** What shows and changes modules and pods. */
export function addResourceCommands(program: Command): void {
  addModules(program.command("modules").description("Python modules as resources"));
  addExplain(program);
  addPods(program.command("pods").description("the running module servers"));
  connecting(
    program
      .command("logs")
      .description("what a pod, or each pod of a module, prints")
      .argument("<pod|module>", "the name of a pod, or a module's id")
      .option("-f, --follow", "go on with new lines until the pod ends", false)
      .option("--tail <lines>", "begin with the last so many lines", wholeNumber(1, 1_000_000))
      .option("--timestamps", "the time of each line", false),
  ).action(async (name: string, flags: LogFlags) => {
    const { logs } = await import("../pods/logs.ts");
    await logs(name, flags);
  });
}

/** Where the time of a call went. */
function addExplain(program: Command): void {
  connecting(
    program
      .command("explain")
      .description("where the time of a call went, as far as the parts still remember")
      .argument("<id>", "the call_id or trace_id of an error, or the trace id that you sent"),
  ).action(async (id: string, flags: ConnectFlags) => {
    const { explain } = await import("../explain/explain.ts");
    await explain(id, flags);
  });
}

function addModules(modules: Command): void {
  const load = () => import("../modules/modules.ts");
  const one = (name: string, description: string) =>
    modules.command(name).description(description).argument("<id>", "the module's id");

  connecting(modules.command("list").description("all modules"))
    .option("--filter <filter>", FILTER, "")
    .action(async (flags: FilterFlags) => (await load()).listModules(flags));

  connecting(one("get", "everything about a module")).action(async (id: string, flags: ConnectFlags) =>
    (await load()).getModule(id, flags),
  );

  connecting(making(one("create", "make a module; its environment and pod follow"))).action(
    async (id: string, flags: MakeFlags) => (await load()).createModule(id, flags),
  );

  connecting(making(one("update", "change the fields of a module's spec that are given")))
    .option("--etag <etag>", "only if the module is still this one")
    .action(async (id: string, flags: MakeFlags) => (await load()).updateModule(id, flags));

  connecting(one("delete", "end a module and its pods, when running calls have ended"))
    .option("--etag <etag>", "only if the module is still this one")
    .action(async (id: string, flags: ConnectFlags & { etag?: string }) =>
      (await load()).deleteModule(id, flags),
    );

  connecting(modules.command("watch").description("all modules, then every change, until Ctrl-C"))
    .option("--filter <filter>", FILTER, "")
    .action(async (flags: FilterFlags) => (await load()).watchModules(flags));
}

function making(command: Command): Command {
  return withSpecFlags(command)
    .option("--wait", "follow it until its calls are answered", false)
    .option("--validate-only", "check and resolve; change nothing", false);
}

function addPods(pods: Command): void {
  const load = () => import("../pods/pods.ts");
  const one = (name: string, description: string) =>
    connecting(pods.command(name).description(description).argument("<name>", "the pod's name"));

  connecting(pods.command("list").description("all pods, also the last that ended"))
    .option("--filter <filter>", 'module = "modules/numpy" AND state = READY', "")
    .action(async (flags: ConnectFlags & { filter: string }) => (await load()).listPods(flags));
  one("get", "one pod").action(async (name: string, flags: ConnectFlags) =>
    (await load()).getPod(name, flags),
  );
  one("drain", "no new calls; the pod ends when running calls have ended").action(
    async (name: string, flags: ConnectFlags) => (await load()).drainPod(name, flags),
  );
  one("delete", "end a pod at once").action(async (name: string, flags: ConnectFlags) =>
    (await load()).deletePod(name, flags),
  );
}
