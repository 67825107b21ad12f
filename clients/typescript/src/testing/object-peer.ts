import type { Value } from "@podule/proto/podule/v1/value.ts";
import type { PeerCall, PeerScript } from "./peer-session.ts";

export const valueFor = (kind: Value["kind"]): Value => ({ kind, dtype: "" });
export const nothing = valueFor({ $case: "null", value: 0 });
export const integer = (n: number): Value => valueFor({ $case: "int", value: BigInt(n) });

/** A call in short: "5.S.sum(#3, 1)", with objects as "#id". */
export function shortly({ request, frame }: PeerCall): string {
  const target = request.target === undefined ? "" : `${shortValue(request.target)}.`;
  const args = request.args.map(shortValue);
  for (const [name, value] of request.kwargs) args.push(`${name}=${shortValue(value)}`);
  const kind = ["", "get ", "set ", "delete ", "op "][request.operation] ?? "?";
  const mode = ["", " as value", " as object"][request.resultMode] ?? "?";
  const stream = frame.stream ? ` stream ${frame.credit}` : "";
  return `${kind}${target}${request.function}(${args.join(", ")})${mode}${stream}`;
}

function shortValue({ kind }: Value): string {
  switch (kind?.$case) {
    case "object":
      return `#${kind.value.id}`;
    case "list":
      return `[${[...kind.value.items.map(shortValue), ...kind.value.ints].join(", ")}]`;
    case "tuple":
      return `(${kind.value.items.map(shortValue).join(", ")})`;
    case "slice":
      return [kind.value.start, kind.value.stop, kind.value.step]
        .map((part) => (part ? shortValue(part) : ""))
        .join(":");
    case "null":
      return "None";
    case "callback":
      return `callback ${kind.value.id}`;
    case "dict":
      return `{${kind.value.keys.map(shortValue).join(", ")}}`;
    case undefined:
      return "nothing";
    default:
      return String(kind?.value);
  }
}

/** Writes down every call; answers objects with references, all else with what `answer` says. */
export function objectPeer(
  answer: (call: PeerCall, short: string) => Value | undefined,
): PeerScript & { readonly log: string[] } {
  const log: string[] = [];
  return {
    maxInFlight: 256,
    graceMs: 5_000,
    log,
    call(call) {
      const short = shortly(call);
      log.push(short);
      if (call.request.resultMode === 2) {
        const ref = { id: BigInt(call.id), type: "peer:Thing", callable: true, value: undefined };
        call.session.result(call.id, valueFor({ $case: "object", value: ref }));
        return;
      }
      const value = answer(call, short);
      if (value !== undefined) call.session.result(call.id, value);
    },
  };
}
