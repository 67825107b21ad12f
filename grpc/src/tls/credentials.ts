import { experimental, type ServerCredentials } from "@grpc/grpc-js";
import { CertificateWatcher } from "./certificate-watcher.ts";
import type { CertificateFiles } from "./read-certificates.ts";

const REFRESH_MS = 10_000;

/**
 * TLS with certificates that are read again while the server runs: new connections get the new ones, those that are there stay. Throws where the files
 * cannot be used at the start.
 */
export function fileWatcherCredentials(files: CertificateFiles): ServerCredentials {
  const watcher = new CertificateWatcher(files, files.refreshMs ?? REFRESH_MS);
  const mutual = files.clientCaFile !== undefined;
  // Declared with the first two parameters' names exchanged: the first is the identity, the second the clients' authorities.
  return experimental.createCertificateProviderServerCredentials(watcher, mutual ? watcher : null, mutual);
}
