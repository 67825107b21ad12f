import { createInterface, type Interface } from "node:readline/promises";
import { type ConnectFlags, channelOptions } from "../client/connect-options.ts";
import { connect, PoduleError } from "../client/podule.ts";
import { idOf } from "../console/names.ts";
import { print } from "../console/print.ts";
import { errorText } from "../console/print-error.ts";
import { complete } from "./complete.ts";
import { Evaluator, PythonNameError } from "./evaluate.ts";
import { parse } from "./parse.ts";
import type { Statement } from "./syntax.ts";
import { PythonSyntaxError } from "./tokens.ts";

/** Reads Python from a terminal until Ctrl-D; or from a pipe, up to the first error. */
export async function repl(id: string, flags: ConnectFlags): Promise<void> {
  const module = idOf(id);
  const connection = connect(await channelOptions(flags));
  try {
    const remote = await connection.import(module);
    // "scipy.linalg" is called by its last part.
    const name = module.slice(module.lastIndexOf(".") + 1);
    const evaluator = new Evaluator(name, remote);
    if (process.stdin.isTTY) await interact(evaluator, name);
    else await runAll(evaluator);
  } finally {
    await connection.close();
  }
}

async function interact(evaluator: Evaluator, name: string): Promise<void> {
  await print(
    `${name} is there. Expressions and assignments; Tab completes, Ctrl-C ends a call, Ctrl-D the session.\n`,
  );
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    completer: (line: string) => complete(line, (path) => evaluator.dir(path)),
  });
  let pending = "";
  let running: AbortController | undefined;
  lines.on("SIGINT", () => {
    if (running !== undefined) {
      running.abort();
      return;
    }
    pending = "";
    process.stdout.write("\n");
    lines.setPrompt(">>> ");
    lines.prompt();
  });
  // Before the loop gets the line: Ctrl-C right behind it is meant for it.
  lines.on("line", () => {
    running ??= new AbortController();
  });
  prompt(lines, pending);
  for await (const line of lines) {
    running ??= new AbortController();
    pending = await step(evaluator, `${pending}${line}`, running.signal);
    running = undefined;
    prompt(lines, pending);
  }
  process.stdout.write("\n");
}

function prompt(lines: Interface, pending: string): void {
  lines.setPrompt(pending === "" ? ">>> " : "... ");
  lines.prompt();
}

/** Runs what is there; returns what waits for more lines. */
async function step(evaluator: Evaluator, source: string, signal: AbortSignal): Promise<string> {
  if (source.trim() === "") return "";
  try {
    const statement = parseComplete(source);
    if (statement === undefined) return `${source}\n`;
    const shown = await evaluator.run(statement, signal);
    if (shown !== undefined) await print(`${shown}\n`);
  } catch (error) {
    await print(`${signal.aborted ? "KeyboardInterrupt" : replError(error)}\n`);
  }
  return "";
}

async function runAll(evaluator: Evaluator): Promise<void> {
  const { signal } = new AbortController();
  let pending = "";
  for await (const line of createInterface({ input: process.stdin })) {
    const source = `${pending}${line}`;
    const statement =
      source.trim() === "" || source.trim().startsWith("#") ? undefined : parseComplete(source);
    pending = statement === undefined && source.trim() !== "" ? `${source}\n` : "";
    const shown = statement === undefined ? undefined : await evaluator.run(statement, signal);
    if (shown !== undefined) await print(`${shown}\n`);
  }
  if (pending.trim() !== "") parse(pending);
}

/** Undefined where more lines may complete it. */
function parseComplete(source: string): Statement | undefined {
  try {
    return parse(source);
  } catch (error) {
    if (error instanceof PythonSyntaxError && error.incomplete) return undefined;
    throw error;
  }
}

function replError(error: unknown): string {
  if (error instanceof PythonSyntaxError || error instanceof PythonNameError) {
    return `${error.name}: ${error.message}`;
  }
  return error instanceof PoduleError && error.remoteTraceback !== undefined
    ? error.remoteTraceback.trimEnd()
    : errorText(error);
}
