import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { AUTHORITY_DAYS, isGood, isGoodAuthority, issue, issueAuthority, LEAF_DAYS } from "./certificates.ts";

const DAY_MS = 86_400_000;
const WANTED = { name: "a", hosts: ["a.example", "127.0.0.1"], usages: ["server"] } as const;
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

test("an authority's certificate, as Node's own X.509 reads it", async () => {
  const authority = await issueAuthority("podule x");
  const { cert, key } = await issue(authority, WANTED);
  const [ca, leaf] = [new X509Certificate(authority.cert), new X509Certificate(cert)];
  expect(ca.ca).toBe(true);
  expect(leaf.ca).toBe(false);
  expect(leaf.checkIssued(ca) && leaf.verify(ca.publicKey)).toBe(true);
  expect(leaf.checkHost("a.example")).toBe("a.example");
  expect(leaf.checkHost("b.example")).toBeUndefined();
  expect(leaf.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(leaf.keyUsage).toEqual([SERVER_AUTH]);
  expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----\n[\s\S]+\n-----END PRIVATE KEY-----\n$/);
});

test("good: by that authority, for these names and usages, with a third of its time left", async () => {
  const now = Date.now();
  const authority = await issueAuthority("podule x", now);
  const pair = await issue(authority, WANTED, now);
  expect(await isGood(pair, authority, WANTED, now)).toBe(true);
  expect(await isGood(pair, authority, WANTED, now + (LEAF_DAYS * DAY_MS * 65) / 100)).toBe(true);
  expect(await isGood(pair, authority, WANTED, now + (LEAF_DAYS * DAY_MS * 68) / 100)).toBe(false);
  expect(await isGood(pair, await issueAuthority("podule x"), WANTED, now)).toBe(false);
  expect(await isGood(pair, authority, { ...WANTED, usages: ["server", "client"] }, now)).toBe(false);
  expect(await isGood(pair, authority, { ...WANTED, hosts: ["a.example"] }, now)).toBe(false);
  expect(await isGood(undefined, authority, WANTED, now)).toBe(false);
  expect(await isGood({ cert: "x", key: "y" }, authority, WANTED, now)).toBe(false);
  expect(isGoodAuthority(authority, now + (AUTHORITY_DAYS * DAY_MS * 65) / 100)).toBe(true);
  expect(isGoodAuthority(authority, now + (AUTHORITY_DAYS * DAY_MS * 68) / 100)).toBe(false);
});
