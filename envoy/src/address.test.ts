import fc from "fast-check";
import { expect, test } from "vitest";
import { formatAddress, isLocal, parseAddress } from "./address.ts";

test("an address reads as it was written", () => {
  const port = fc.integer({ min: 0, max: 65_535 });
  const tcp = fc.record({
    kind: fc.constant("tcp" as const),
    host: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
    port,
  });
  fc.assert(
    fc.property(tcp, (address) => {
      expect(parseAddress(formatAddress(address))).toEqual(address);
    }),
  );
  expect(parseAddress("unix:/run/a b.sock")).toEqual({ kind: "unix", path: "/run/a b.sock" });
});

test.each([
  "",
  "x",
  "1.2.3.4",
  ":80",
  "[::1]",
  "::1:80",
  "[x]:80",
  "h:x",
  "h:-1",
  "h:65536",
  "unix:x",
  "unix:",
])("%j is refused", (text) => {
  expect(() => parseAddress(text)).toThrow();
});

test.each([
  ["127.0.0.1:1", true],
  ["127.9.9.9:1", true],
  ["[::1]:1", true],
  ["unix:/x", true],
  ["0.0.0.0:1", false],
  ["[::]:1", false],
  ["127.0.0.1.evil.example:1", false],
  ["[::ffff:10.0.0.1]:1", false],
])("%s is of this machine: %j", (text, local) => {
  expect(isLocal(parseAddress(text))).toBe(local);
});
