import { Argument, type Command } from "commander";
import { type ConnectFlags, connecting } from "../client/connect-options.ts";
import { collect, wholeNumber } from "../console/flags.ts";
import type { ServeOptions } from "../serve/serve.ts";
import { isToolName, TOOLS } from "../tools/tool.ts";
import { UsageError } from "../user-error.ts";

/** What works on this machine: running Podule, its tools, its tests. */
export function addLocalCommands(program: Command): void {
  program
    .command("up")
    .alias("start")
    .description("Envoy and the pod manager on this machine, with numpy deployed; serves until Ctrl-C")
    .option("--once", "end after the first value", false)
    .action(async (options: { once: boolean }) => {
      const { start } = await import("../start/start.ts");
      await start(process.env, options);
    });

  program
    .command("serve")
    .description("one module as a pod of its own, on a loopback port, without Envoy and pod manager")
    .argument("<module>", "what Python imports, or the path of a file or package folder")
    .option("--port <port>", "the port", wholeNumber(1, 65_535), 50_061)
    .option(
      "--dependency <requirement>",
      "a PyPI requirement, may be repeated; default: the module's own",
      collect,
      [],
    )
    .option("--python <version>", "the Python to run", "")
    .option("--workers <count>", "worker processes", wholeNumber(1, 64), 1)
    .action(async (module: string, options: ServeOptions) => {
      const { serve } = await import("../serve/serve.ts");
      await serve(module, options, process.env);
    });

  connecting(program.command("doctor"))
    .description("what is installed, what runs, how large the caches are, and what to do about it")
    .action(async (flags: ConnectFlags, command: Command) => {
      const { doctor } = await import("../doctor/doctor.ts");
      const source = command.getOptionValueSource("url");
      process.exitCode = await doctor({ ...flags, urlFrom: source }, process.env);
    });

  program
    .command("completion")
    .description("a script for the shell: `source <(podule completion bash)`")
    .addArgument(new Argument("<shell>").choices(["bash", "zsh", "fish"]))
    .action(async (shell: string) => {
      const { completionScript } = await import("../completion/completion.ts");
      process.stdout.write(completionScript(program, shell));
    });

  program
    .command("tool")
    .description("print the path of a tool, after installing it if need be")
    .addArgument(new Argument("<name>").choices(Object.keys(TOOLS)))
    .action(async (name: string) => {
      const { ensureTool } = await import("../tools/ensure-tool.ts");
      if (!isToolName(name)) throw new UsageError(`There is no tool ${name}`);
      console.log(await ensureTool(name));
    });

  program
    .command("test")
    .description("all checks and tests of Podule itself")
    .action(async () => {
      const { test } = await import("../test/test.ts");
      process.exitCode = await test(process.env);
    });
}
