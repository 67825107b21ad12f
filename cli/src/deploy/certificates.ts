// @peculiar/x509 needs it, and leaves it to whoever uses it.
import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface Wanted {
  readonly name: string;
  /** DNS names, and IP addresses. */
  readonly hosts: readonly string[];
  readonly usages: readonly ("server" | "client")[];
}

const DAY_MS = 86_400_000;
export const AUTHORITY_DAYS = 3650;
export const LEAF_DAYS = 365;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const OID = { server: ExtendedKeyUsage.serverAuth, client: ExtendedKeyUsage.clientAuth };

export async function issueAuthority(name: string, now = Date.now()): Promise<Pair> {
  const keys = await generateKeys();
  const cert = await X509CertificateGenerator.createSelfSigned(
    {
      keys,
      name: `CN=${name}`,
      serialNumber: serial(),
      ...validity(AUTHORITY_DAYS, now),
      signingAlgorithm: ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { cert: cert.toString("pem"), key: await keyPem(keys.privateKey) };
}

export async function issue(authority: Pair, wanted: Wanted, now = Date.now()): Promise<Pair> {
  const keys = await generateKeys();
  const issuer = new X509Certificate(authority.cert);
  const cert = await X509CertificateGenerator.create(
    {
      publicKey: keys.publicKey,
      signingKey: await signingKey(authority.key),
      issuer: issuer.subject,
      subject: `CN=${wanted.name}`,
      serialNumber: serial(),
      ...validity(LEAF_DAYS, now),
      signingAlgorithm: ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        await AuthorityKeyIdentifierExtension.create(issuer.publicKey, false, webcrypto),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension(wanted.usages.map((usage) => OID[usage])),
        new SubjectAlternativeNameExtension(
          wanted.hosts.map((value) => ({ type: isAddress(value) ? "ip" : "dns", value })),
        ),
      ],
    },
    webcrypto,
  );
  return { cert: cert.toString("pem"), key: await keyPem(keys.privateKey) };
}

/** Signed by that authority, for these names and usages, and with at least a third of its time left. */
export async function isGood(
  pair: Pair | undefined,
  authority: Pair,
  wanted: Wanted,
  now = Date.now(),
): Promise<boolean> {
  if (pair === undefined) return false;
  try {
    const cert = new X509Certificate(pair.cert);
    const names = cert.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
    const usages = cert.getExtension(ExtendedKeyUsageExtension)?.usages ?? [];
    return (
      hasTimeLeft(cert, now) &&
      sameSet(
        names.map(({ value }) => value),
        wanted.hosts,
      ) &&
      sameSet(
        usages.map(String),
        wanted.usages.map((usage) => OID[usage]),
      ) &&
      (await cert.verify({ publicKey: new X509Certificate(authority.cert), signatureOnly: true }, webcrypto))
    );
  } catch {
    return false;
  }
}

export function isGoodAuthority(pair: Pair | undefined, now = Date.now()): pair is Pair {
  if (pair === undefined) return false;
  try {
    return hasTimeLeft(new X509Certificate(pair.cert), now);
  } catch {
    return false;
  }
}

function hasTimeLeft({ notBefore, notAfter }: X509Certificate, now: number): boolean {
  return notAfter.getTime() - now > (notAfter.getTime() - notBefore.getTime()) / 3;
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item));
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

function signingKey(pem: string): Promise<webcrypto.CryptoKey> {
  const [der] = PemConverter.decode(pem);
  if (der === undefined) throw new Error("The authority's key is no PEM");
  return webcrypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]);
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

/** From an hour ago: clocks differ. */
function validity(days: number, now: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - 3_600_000), notAfter: new Date(now + days * DAY_MS) };
}

function serial(): string {
  return `01${randomBytes(15).toString("hex")}`;
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(":");
}
