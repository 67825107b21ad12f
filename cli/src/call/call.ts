import { type ConnectFlags, channelOptions } from "../client/connect-options.ts";
import { connect, op, type Pending } from "../client/podule.ts";
import { interruption } from "../console/interrupt.ts";
import { print } from "../console/print.ts";
import { readArgument, readKeywords } from "./argument.ts";
import { readCallee } from "./callee.ts";
import { callHolding } from "./holding.ts";
import { plainJson } from "./plain-json.ts";

export interface CallFlags extends ConnectFlags {
  readonly kw: readonly string[];
  readonly module?: string;
  readonly object: boolean;
  readonly session?: string;
  readonly target?: bigint;
  readonly stream: boolean;
  readonly timeout?: number;
}

/** One call; prints its result in Python's repr, or as JSON. */
export async function call(name: string, texts: readonly string[], flags: CallFlags): Promise<void> {
  if (flags.object || flags.session !== undefined) return await callHolding(name, texts, flags);
  const { module, path } = readCallee(name, flags.module);
  const args = await Promise.all(texts.map(readArgument));
  const kwargs = await readKeywords(flags.kw);
  using interrupt = interruption();
  const connection = connect(await channelOptions(flags));
  try {
    const remote = await connection.import(module, interrupt);
    const timeout = flags.timeout === undefined ? {} : { timeout: flags.timeout };
    const result: Pending = remote.$attr(path).$call(args, kwargs, { ...timeout, signal: interrupt.signal });
    if (flags.stream) await printItems(result, flags);
    else if (flags.output === "json") await print(`${plainJson(await result.$value())}\n`);
    else await print(`${await result.$repr()}\n`);
  } finally {
    // Says to the server that the session is over; without that it keeps it for a while.
    await connection.close();
  }
}

async function printItems(result: Pending, { output }: CallFlags): Promise<void> {
  for await (const item of result.$iter()) {
    const isRemote = output === "text" && typeof item === "function";
    await print(`${isRemote ? await op.repr(item) : plainJson(item)}\n`);
  }
}
