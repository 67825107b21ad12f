import type { Encoder } from "../values/encode.ts";

/** CallRequest.Operation. */
export const OPERATION = { CALL: 0, GET: 1, SET: 2, DELETE: 3, OPERATOR: 4 } as const;
export type Operation = (typeof OPERATION)[keyof typeof OPERATION];

/** What a call asks for. */
export interface CallSpec {
  readonly operation: Operation;
  /** A dotted path from `target`, or from the module; an operator's name. */
  readonly path: string;
  /** The id of an object; 0: the module. */
  readonly target: number;
  readonly args: readonly unknown[];
  readonly kwargs: ReadonlyMap<string, unknown> | undefined;
  readonly timeoutMs: number;
  readonly traceparent: string;
  /** Iterate the result, this many items ahead; 0: a plain call. */
  readonly credit: number;
}

/** Writes a CallRequest's fields. Returns where its result mode is: one byte, to be set when the call leaves. */
export function writeRequest(encoder: Encoder, spec: CallSpec): number {
  const { writer } = encoder;
  if (spec.path !== "") {
    writer.tag(0x12);
    writer.string(spec.path);
  }
  const { args } = spec;
  for (let i = 0; i < args.length; i++) encoder.field(0x1a, args[i]);
  if (spec.kwargs !== undefined) {
    for (const [name, value] of spec.kwargs) {
      writer.tag(0x22);
      const entry = writer.begin();
      writer.tag(0x0a);
      writer.string(name);
      encoder.field(0x12, value);
      writer.end(entry);
    }
  }
  if (spec.target !== 0) {
    writer.tag(0x2a);
    const target = writer.begin();
    writer.longTag(0x102);
    const object = writer.begin();
    writer.tag(0x08);
    writer.varint(spec.target);
    writer.end(object);
    writer.end(target);
  }
  if (spec.operation !== OPERATION.CALL) {
    writer.tag(0x30);
    writer.varint(spec.operation);
  }
  writer.tag(0x38);
  writer.varint(0);
  return writer.pos - 1;
}
