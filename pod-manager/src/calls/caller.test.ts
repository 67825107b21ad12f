import { Metadata } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { callerOf } from "./caller.ts";

const caller = (entries: Record<string, string>) => {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
  return callerOf({ metadata, getPeer: () => "127.0.0.1:4711" });
};
const CERTIFICATE = 'Hash=ab;Subject="CN=me,O=us";URI=spiffe://x';

test.each([
  [{}, "peer 127.0.0.1:4711"],
  [{ "x-forwarded-for": "10.0.0.7" }, "address 10.0.0.7"],
  [{ "x-forwarded-for": "1.1.1.1, 10.0.0.7" }, "address 10.0.0.7"],
  [
    { "x-forwarded-for": "10.0.0.7", "x-forwarded-client-cert": CERTIFICATE },
    'certificate Subject="CN=me,O=us"',
  ],
  [{ "x-forwarded-client-cert": "Hash=ab" }, "certificate Hash=ab"],
  [{ "x-podule-subject": "anna", "x-forwarded-client-cert": CERTIFICATE }, "subject anna"],
])("%j is %s", (entries, expected) => {
  expect(caller(entries)).toBe(expected);
});

test("is of bounded length", () => {
  expect(caller({ "x-podule-subject": "x".repeat(10_000) })).toHaveLength(256);
});
