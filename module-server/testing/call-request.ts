import { CallRequest, CallResponse, StreamResponse } from "@podule/proto/podule/v1/calls.ts";
import type { Value } from "@podule/proto/podule/v1/value.ts";

export type Argument = number | string;

/** A CallRequest in bytes. */
export function callRequest(name: string, ...args: Argument[]): Buffer {
  return callRequestOf("", name, ...args);
}

export function callRequestOf(module: string, name: string, ...args: Argument[]): Buffer {
  const message = CallRequest.fromPartial({ module, function: name, args: args.map(argumentValue) });
  return Buffer.from(CallRequest.encode(message).finish());
}

function argumentValue(argument: Argument) {
  if (typeof argument === "string") return { kind: { $case: "str" as const, value: argument } };
  if (Number.isInteger(argument)) return { kind: { $case: "int" as const, value: BigInt(argument) } };
  return { kind: { $case: "float" as const, value: argument } };
}

export type Plain = number | string | Buffer | undefined;

export function resultOf(response: Buffer): Plain {
  return plain(CallResponse.decode(response).result);
}

export function itemOf(response: Buffer): Plain {
  return plain(StreamResponse.decode(response).item);
}

function plain(value: Value | undefined): Plain {
  const kind = value?.kind;
  switch (kind?.$case) {
    case "int":
      return Number(kind.value);
    case "float":
    case "str":
      return kind.value;
    case "bytes":
      return Buffer.from(kind.value);
    default:
      return undefined;
  }
}
