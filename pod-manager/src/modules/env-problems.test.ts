import type { EnvVar } from "@podule/proto/podule/v1/modules.ts";
import { expect, test } from "vitest";
import { envProblems } from "./env-problems.ts";

const plain = (name: string, value = "1"): EnvVar => ({ name, source: { $case: "value", value } });
const secret = (name: string, key: string): EnvVar => ({
  name: "A",
  source: { $case: "secretKeyRef", value: { name, key } },
});
const fields = (...env: EnvVar[]) => envProblems(env).map(([field]) => field);

test("variables that may be", () => {
  expect(fields(plain("A"), plain("_b2", ""), { name: "C", source: undefined })).toEqual([]);
  expect(fields(secret("tokens.example", "api-key_1.txt"))).toEqual([]);
});

test.each(["", "2A", "A-B", "A B", "PODULE_LISTEN", "MODULE_NAME", "NODE_OPTIONS", "A\n", "A".repeat(256)])(
  "the name %j is refused",
  (name) => expect(fields(plain(name))).toEqual(["env[0].name"]),
);

test("twice, too long, NULs, too many", () => {
  expect(fields(plain("A"), plain("A"))).toEqual(["env[1].name"]);
  expect(fields(plain("A", "x".repeat(32769)), plain("B", "a\0b"))).toEqual(["env[0].value", "env[1].value"]);
  expect(fields(...Array.from({ length: 101 }, (_, i) => plain(`A${i}`)))).toEqual(["env"]);
});

test("names and keys of Secrets", () => {
  expect(fields(secret("Upper", ""))).toEqual(["env[0].secret_key_ref.name", "env[0].secret_key_ref.key"]);
  expect(fields(secret("../x", "a/b"))).toEqual(["env[0].secret_key_ref.name", "env[0].secret_key_ref.key"]);
});
