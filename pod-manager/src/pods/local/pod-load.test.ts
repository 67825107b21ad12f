import { expect, it } from "vitest";
import { parseLoad } from "./pod-load.ts";

it("takes reports of a load, and nothing else", () => {
  expect(parseLoad({ type: "load", calls: 3, sessions: 0 })).toEqual({ calls: 3, sessions: 0 });
  for (const other of [
    undefined,
    null,
    "load",
    {},
    { type: "listening", calls: 1, sessions: 1 },
    { type: "load", calls: 1 },
    { type: "load", calls: -1, sessions: 0 },
    { type: "load", calls: 1.5, sessions: 0 },
    { type: "load", calls: 1, sessions: "9" },
    { type: "load", calls: 1, sessions: 2 ** 40 },
  ])
    expect(parseLoad(other)).toBeUndefined();
});
