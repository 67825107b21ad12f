import { Command, InvalidArgumentError } from "commander";
import type { ServeOptions } from "./serve/serve.ts";
import { ensureTool } from "./tools/ensure-tool.ts";
import { isToolName, TOOLS } from "./tools/tool.ts";
import { ToolError } from "./tools/tool-error.ts";
import { UserError } from "./user-error.ts";

const program = new Command("podule")
  .description("Any Python module as a gRPC service")
  .showHelpAfterError()
  .enablePositionalOptions();

program
  .command("start")
  .alias("up")
  .description("Envoy and the pod manager on this machine, with numpy deployed; serves until Ctrl-C")
  .option("--once", "end after the first value", false)
  .action(async (options: { once: boolean }) => {
    const { start } = await import("./start/start.ts");
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
    const { serve } = await import("./serve/serve.ts");
    await serve(module, options, process.env);
  });

program
  .command("test")
  .description("all checks and tests of Podule itself")
  .action(async () => {
    const { test } = await import("./test/test.ts");
    process.exitCode = await test(process.env);
  });

program
  .command("tool")
  .description(`print the path of a tool, after installing it if need be: ${Object.keys(TOOLS).join(", ")}`)
  .argument("<name>")
  .action(async (name: string) => {
    if (!isToolName(name)) throw new UserError(`There is no tool ${name}: ${Object.keys(TOOLS).join(", ")}`);
    console.log(await ensureTool(name));
  });

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`);
  };
}

function collect(text: string, earlier: readonly string[]): string[] {
  return [...earlier, text];
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof UserError || error instanceof ToolError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
