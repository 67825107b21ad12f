import { createSign, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { isIPv4 } from "node:net";

export interface Certificate {
  readonly name: string;
  readonly cert: string;
  readonly key: string;
  readonly privateKey: KeyObject;
}

/** A certificate of X.509, valid for a day, signed by `issuer` or by itself. `hosts`: DNS names and IPv4 addresses. */
export function certificate(
  name: string,
  options: { issuer?: Certificate; hosts?: readonly string[]; ca?: boolean } = {},
): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const day = 86_400_000;
  const content = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    distinguishedName(options.issuer?.name ?? name),
    sequence(time(Date.now() - day), time(Date.now() + day)),
    distinguishedName(name),
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(...extensions(options.hosts ?? [], options.ca ?? false))),
  );
  const signature = createSign("sha256")
    .update(content)
    .sign(options.issuer?.privateKey ?? privateKey);
  const der = sequence(content, ECDSA_WITH_SHA256, tagged(0x03, Buffer.from([0]), signature));
  return {
    name,
    privateKey,
    cert: `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replace(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function extensions(hosts: readonly string[], ca: boolean): Buffer[] {
  const BASIC_CONSTRAINTS = oid(0x55, 0x1d, 0x13);
  const SUBJECT_ALT_NAME = oid(0x55, 0x1d, 0x11);
  const yes = tagged(0x01, Buffer.from([0xff]));
  const names = hosts.map((host) =>
    isIPv4(host)
      ? tagged(0x87, Buffer.from(host.split(".").map(Number)))
      : tagged(0x82, Buffer.from(host, "latin1")),
  );
  return [
    sequence(BASIC_CONSTRAINTS, yes, tagged(0x04, ca ? sequence(yes) : sequence())),
    ...(names.length === 0 ? [] : [sequence(SUBJECT_ALT_NAME, tagged(0x04, sequence(...names)))]),
  ];
}

function tagged(tag: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

function sequence(...parts: Buffer[]): Buffer {
  return tagged(0x30, ...parts);
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes);
}

function oid(...bytes: number[]): Buffer {
  return tagged(0x06, Buffer.from(bytes));
}

function distinguishedName(name: string): Buffer {
  const COMMON_NAME = oid(0x55, 0x04, 0x03);
  return sequence(tagged(0x31, sequence(COMMON_NAME, tagged(0x0c, Buffer.from(name)))));
}

function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/\D/g, "").slice(2, 14);
  return tagged(0x17, Buffer.from(`${text}Z`));
}

const ECDSA_WITH_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
