import fc from "fast-check";
import { expect, test } from "vitest";
import { podOfToken } from "./session-token.ts";

test("the pod is what is before the last dot, for ids with dots too", () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9_-]{22}$/);
  const pod = fc.stringMatching(/^[A-Za-z0-9_.-]{1,69}$/);
  fc.assert(
    fc.property(pod, secret, (name, random) => {
      expect(podOfToken(`${name}.${random}`)).toBe(`pods/${name}`);
    }),
  );
});

test("what is no token names no pod", () => {
  for (const text of ["", ".", "abc", ".abc"]) expect(podOfToken(text)).toBe("pods/");
});
