import { Command } from "commander";
import { addCallCommands } from "./commands/call-commands.ts";
import { addClusterCommands } from "./commands/cluster-commands.ts";
import { addLocalCommands } from "./commands/local-commands.ts";
import { addResourceCommands } from "./commands/resource-commands.ts";

/** The whole command line. What a command needs is loaded when it runs. */
export function makeProgram(): Command {
  const program = new Command("podule")
    .description("Any Python module as a gRPC service")
    .version("0.1.0")
    .showHelpAfterError("`podule help` lists the commands")
    .enablePositionalOptions();
  addLocalCommands(program);
  addCallCommands(program);
  addResourceCommands(program);
  addClusterCommands(program);
  return program;
}
