import { CallRequest, CallRequest_Operation, CallRequest_ResultMode } from "@podule/proto/podule/v1/calls.ts";
import type { Value } from "@podule/proto/podule/v1/value.ts";
import { openServices, type Services } from "../client/connection.ts";
import { interruption } from "../console/interrupt.ts";
import { print } from "../console/print.ts";
import { UsageError } from "../user-error.ts";
import { readArgument, readKeywords } from "./argument.ts";
import type { CallFlags } from "./call.ts";
import { callOnce } from "./call-once.ts";
import { readCallee } from "./callee.ts";
import { fromMessage, ObjectArgument, toMessage } from "./message-value.ts";
import { plainJson } from "./plain-json.ts";

const OBJECT = CallRequest_ResultMode.OBJECT;

/**
 * A call whose result stays in Python for later calls (`--object`), or that uses what an earlier one left there (`--session`,
 * `--target`). The session has no stream: each call renews it.
 */
export async function callHolding(name: string, texts: readonly string[], flags: CallFlags): Promise<void> {
  if (flags.stream) throw new UsageError("--stream goes with neither --object nor --session");
  const { target, session = "" } = flags;
  const callee = target === undefined ? readCallee(name, flags.module) : { module: "", path: name };
  const kwargs = Object.entries(await readKeywords(flags.kw));
  using services = await openServices(flags);
  using interrupt = interruption();
  const { signal } = interrupt;
  const wantsValue = flags.output === "json" && !flags.object;
  const response = await callOnce(
    (request, timeoutMs) => services.calls.call(request, { timeoutMs, signal }),
    CallRequest.create({
      module: callee.module,
      function: callee.path,
      args: (await Promise.all(texts.map(readArgument))).map(toMessage),
      kwargs: new Map(kwargs.map(([key, value]) => [key, toMessage(value)])),
      target: target === undefined ? undefined : toMessage(new ObjectArgument(target)),
      resultMode: wantsValue ? CallRequest_ResultMode.VALUE : OBJECT,
      session,
    }),
    flags.timeout,
    signal,
  );
  const kind = response.result?.kind;
  if (response.result === undefined || kind?.$case !== "object") {
    await print(`${plainJson(response.result === undefined ? null : fromMessage(response.result))}\n`);
    return;
  }
  const { id, type, callable } = kind.value;
  const held = { id: Number(id), type, callable, session: response.session };
  if (flags.output === "json") {
    await print(`${JSON.stringify(held)}\n`);
    return;
  }
  await print(`${await repr(services, response.result, response.session)}\n`);
  if (flags.object) {
    process.stderr.write(`object ${held.id} (${type}); go on with it by:\n`);
    process.stderr.write(`  --session ${held.session} --target ${held.id}\n`);
  } else await release(services, response.result, response.session);
}

async function repr({ calls }: Services, object: Value, session: string): Promise<string> {
  const { result } = await calls.call({
    function: "repr",
    operation: CallRequest_Operation.OPERATOR,
    args: [object],
    kwargs: new Map(),
    session,
  });
  return result?.kind?.$case === "str" ? result.kind.value : "";
}

async function release({ calls }: Services, object: Value, session: string): Promise<void> {
  await calls.call({ operation: CallRequest_Operation.RELEASE, args: [object], kwargs: new Map(), session });
}
