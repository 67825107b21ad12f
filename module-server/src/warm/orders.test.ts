import { expect, test } from "vitest";
import { readOrder } from "./orders.ts";

test("orders are read as they are meant", () => {
  expect(readOrder({ type: "park", more: 1 })).toEqual({ type: "park" });
  const variables = { MODULE_NAME: "numpy" };
  expect(readOrder({ type: "specialize", variables })).toEqual({ type: "specialize", variables });
});

test.each([undefined, null, "park", {}, { type: "load" }, { type: "specialize" }])(
  "%j is none",
  (message) => {
    expect(readOrder(message)).toBeUndefined();
  },
);

test("variables that are no text are none", () => {
  expect(readOrder({ type: "specialize", variables: { PORT: 1 } })).toBeUndefined();
  expect(readOrder({ type: "specialize", variables: null })).toBeUndefined();
});
