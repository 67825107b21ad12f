import { copyError, PoduleError } from "../errors.ts";
import { RESULT_MODE } from "../session/call-sink.ts";
import type { Callback } from "../session/callbacks.ts";
import type { Session } from "../session/session.ts";
import type { Identity } from "../values/encode.ts";
import { Again } from "./again.ts";
import { CallExpression } from "./call-expression.ts";
import { type Expression, expressionOf } from "./expression.ts";
import { currentFindings } from "./send.ts";

/** What an argument that is no value stands for in this session. Objects of other sessions travel by value. */
export function identify(session: Session, value: object): Identity | undefined {
  if (typeof value !== "function") return undefined;
  const expression = expressionOf(value);
  if (expression === undefined) {
    const callback: Callback = (...args) => Reflect.apply(value, undefined, args);
    return { kind: "callback", id: session.callbacks.idOf(value, callback) };
  }
  const came = currentFindings()?.get(expression);
  if (came instanceof ByValue) return { kind: "value", value: came.value };
  if (expression instanceof CallExpression && expression.value !== undefined) {
    return { kind: "value", value: expression.value.value };
  }
  const place = expression.placeAsObject();
  if (place.session === session) return { kind: "object", id: place.target };
  if (place.session.error !== undefined) throw copyError(place.session.error);
  throw new Again(async (findings) => {
    findings.set(expression, new ByValue(await byValue(expression, place.session, session)));
  });
}

class ByValue {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}

async function byValue(expression: Expression, from: Session, to: Session): Promise<unknown> {
  try {
    return await expression.observe(RESULT_MODE.VALUE);
  } catch (error) {
    if (!(error instanceof PoduleError) || error.reason !== "RESULT_NOT_A_VALUE") throw error;
    throw new PoduleError({
      code: "INVALID_ARGUMENT",
      reason: "OBJECT_OF_ANOTHER_SESSION",
      message: `${expression.describe()} is an object of module ${from.module}: it cannot be passed to module ${to.module}, as it cannot travel by value`,
      cause: error,
    });
  }
}
