import { type Command, CommanderError } from "commander";
import { EXIT } from "./exit-codes.ts";
import { makeProgram } from "./program.ts";

let asJson = false;

const program = makeProgram().hook("preAction", (_program, command) => {
  asJson = command.opts()["output"] === "json";
});
everyCommand(program, (command) => command.exitOverride());

// A reader that has enough, such as `head`, is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(EXIT.OK);
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has said it already.
    process.exitCode = error.exitCode === 0 ? EXIT.OK : EXIT.USAGE;
  } else {
    const { errorJson, errorText } = await import("./console/print-error.ts");
    const { exitCodeOf } = await import("./exit-code-of.ts");
    console.error(asJson ? errorJson(error) : errorText(error));
    process.exitCode = exitCodeOf(error);
  }
}

function everyCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) everyCommand(child, visit);
}
