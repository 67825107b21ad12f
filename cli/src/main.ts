import { Command } from "commander";
import { start } from "./start/start.ts";
import { test } from "./test/test.ts";
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
  .action((options: { once: boolean }) => start(process.env, options));

program
  .command("test")
  .description("all checks and tests of Podule itself")
  .action(async () => {
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

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof UserError || error instanceof ToolError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
