import { experimental, type ServerCredentials } from "@grpc/grpc-js";

const REFRESH_MS = 10_000;

export interface CertificateFiles {
  /** PEM: the certificate and what it was issued by. */
  readonly certFile: string;
  readonly keyFile: string;
  /** PEM: only clients with a certificate of these authorities are let in. */
  readonly clientCaFile?: string;
  /** How often the files are read. Default 10 s. */
  readonly refreshMs?: number;
}

/** TLS with certificates that are read again while the server runs: new connections get the new ones, those that are there stay. */
export function fileWatcherCredentials(files: CertificateFiles): ServerCredentials {
  const provider = new experimental.FileWatcherCertificateProvider({
    certificateFile: files.certFile,
    privateKeyFile: files.keyFile,
    caCertificateFile: files.clientCaFile,
    refreshIntervalMs: files.refreshMs ?? REFRESH_MS,
  });
  const mutual = files.clientCaFile !== undefined;
  return experimental.createCertificateProviderServerCredentials(provider, mutual ? provider : null, mutual);
}
