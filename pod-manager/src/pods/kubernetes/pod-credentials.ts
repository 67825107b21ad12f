import { readFileSync, statSync } from "node:fs";
import type { PeerCertificate } from "node:tls";
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";

export interface PodCertificateFiles {
  /** PEM: the manager's own certificate, for clients, and its key. */
  readonly certFile: string;
  readonly keyFile: string;
  /** PEM: who issued the pods' certificates. */
  readonly caFile: string;
  /** The DNS name in the pods' certificates, whatever their addresses are. */
  readonly name: string;
}

/** TLS both ways for connections to pods. Certificates that were renewed are used by the next connection; where they cannot be read, the last ones. */
export function podCredentials(files: PodCertificateFiles): () => ChannelCredentials {
  const { certFile, keyFile, caFile, name } = files;
  const versionOf = (): string =>
    [certFile, keyFile, caFile].map((file) => `${statSync(file).mtimeMs} ${statSync(file).ino}`).join(", ");
  const read = (): ChannelCredentials =>
    credentials.createSsl(readFileSync(caFile), readFileSync(keyFile), readFileSync(certFile), {
      checkServerIdentity: (_host, certificate) => wrongName(certificate, name),
    });
  let version = versionOf();
  let current = read();
  return () => {
    try {
      const now = versionOf();
      if (now !== version) {
        current = read();
        version = now;
      }
    } catch {
      // They are being replaced: the next connection looks again.
    }
    return current;
  };
}

function wrongName({ subjectaltname = "" }: PeerCertificate, name: string): Error | undefined {
  const names = subjectaltname.split(", ");
  return names.includes(`DNS:${name}`)
    ? undefined
    : new Error(`The pod's certificate is for ${subjectaltname || "nobody"}, not for DNS:${name}`);
}
