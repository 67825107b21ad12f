import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";

export interface CertificateFiles {
  /** PEM: the certificate and what it was issued by. */
  readonly certFile: string;
  readonly keyFile: string;
  /** PEM: only clients with a certificate of these authorities are let in. */
  readonly clientCaFile?: string;
  /** How often the files are read. Default 10 s. */
  readonly refreshMs?: number;
}

export interface Certificates {
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
  readonly caCertificate: Buffer | undefined;
}

/** Reads certificates that fit together; throws, with the files' names, where they do not. */
export function readCertificates({ certFile, keyFile, clientCaFile }: CertificateFiles): Certificates {
  const certificate = readFileSync(certFile);
  const privateKey = readFileSync(keyFile);
  const caCertificate = clientCaFile === undefined ? undefined : readFileSync(clientCaFile);
  try {
    createSecureContext({ cert: certificate, key: privateKey, ca: caCertificate });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const files = [certFile, keyFile, ...(clientCaFile === undefined ? [] : [clientCaFile])].join(", ");
    throw new Error(`Not a usable certificate and key (${files}): ${why}`, { cause });
  }
  return { certificate, privateKey, caCertificate };
}
