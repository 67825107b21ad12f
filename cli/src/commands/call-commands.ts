import { type Command, InvalidArgumentError } from "commander";
import type { CallFlags } from "../call/call.ts";
import { type ConnectFlags, connecting } from "../client/connect-options.ts";
import { collect, timeSpan } from "../console/flags.ts";

const CALL_HELP = `
An argument is JSON (1 is an int, 1.0 a float), or @FILE or @- for the JSON of a file or of stdin.

  podule call numpy.sum '[[1, 2], [3, 4]]' --kw axis=0
  podule call math.pi
  podule call numpy.arange 10 --object          stays in Python, in a session
  podule call --session TOKEN --target 1 sum    a method or attribute of it
  podule call --session TOKEN numpy.sqrt %1     it as an argument`;

/** What calls Python. */
export function addCallCommands(program: Command): void {
  connecting(
    program
      .command("call")
      .description("call a function, or read a constant, of a module; prints what Python's repr says of it")
      .argument("<function>", "MODULE.FUNCTION: numpy.sum, numpy.linalg.svd")
      .argument("[args...]", "arguments, JSON")
      .option("--kw <name=json>", "a keyword argument, may be repeated", collect, [])
      .option("--module <id>", "the module's id; the function is then all of <function>")
      .option("--stream", "iterate the result: one item a line", false)
      .option("--object", "keep the result in Python, and say how to go on with it", false)
      .option("--session <token>", "in the session that an earlier --object made")
      .option("--target <id>", "<function> is of this object of the session", objectId)
      .option("--timeout <time>", "ends the function, too: 500ms, 5s, 2m", timeSpan),
  )
    .addHelpText("after", CALL_HELP)
    .action(async (name: string, args: string[], flags: CallFlags) => {
      const { call } = await import("../call/call.ts");
      await call(name, args, flags);
    });

  connecting(
    program
      .command("repl")
      .description("try a module by hand: Python expressions, with completion")
      .argument("<module>", "the module's id"),
  ).action(async (module: string, flags: ConnectFlags) => {
    const { repl } = await import("../repl/repl.ts");
    await repl(module, flags);
  });
}

function objectId(text: string): bigint {
  if (/^\d{1,16}$/.test(text)) return BigInt(text);
  throw new InvalidArgumentError("It is the number that --object gave.");
}
