import { createPublicKey, createVerify } from "node:crypto";
import { expect, test } from "vitest";
import { keySet, newSigningKey, signToken } from "./tokens.ts";

test("a token, by the key set that is published", () => {
  const key = newSigningKey();
  const now = 1_800_000_000_000;
  const [header = "", claims = "", signature = ""] = signToken(key, {
    subject: "ada",
    seconds: 60,
    now,
  }).split(".");
  const read = (part: string): unknown => JSON.parse(Buffer.from(part, "base64url").toString());
  const [jwk] = JSON.parse(keySet(key)).keys;
  expect(read(header)).toEqual({ alg: "ES256", typ: "JWT", kid: jwk.kid });
  expect(read(claims)).toMatchObject({
    ...{ iss: "podule", aud: "podule", sub: "ada", iat: 1_800_000_000, exp: 1_800_000_060 },
  });
  const verify = (of: string) =>
    createVerify("sha256")
      .update(of)
      .verify(
        { key: createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" },
        Buffer.from(signature, "base64url"),
      );
  expect(verify(`${header}.${claims}`)).toBe(true);
  expect(verify(`${header}.${claims}x`)).toBe(false);
  expect(jwk).not.toHaveProperty("d");
});
