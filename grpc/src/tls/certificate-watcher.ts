import type { experimental } from "@grpc/grpc-js";
import { type CertificateFiles, type Certificates, readCertificates } from "./read-certificates.ts";

type Provider = experimental.CertificateProvider;
type IdentityListener = Parameters<Provider["addIdentityCertificateListener"]>[0];
type CaListener = Parameters<Provider["addCaCertificateListener"]>[0];

/**
 * Gives grpc-js the certificates of files, and again when they have changed. grpc-js's own watcher would hand out what it finds: a read between
 * the writes of certificate and key would refuse all connections until the next one. Here the last usable ones stay.
 */
export class CertificateWatcher implements Provider {
  readonly #files: CertificateFiles;
  readonly #refreshMs: number;
  readonly #identityListeners = new Set<IdentityListener>();
  readonly #caListeners = new Set<CaListener>();
  #current: Certificates;
  #timer: NodeJS.Timeout | undefined;
  #failure: string | undefined;

  constructor(files: CertificateFiles, refreshMs: number) {
    this.#files = files;
    this.#refreshMs = refreshMs;
    this.#current = readCertificates(files);
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.add(listener);
    this.#watch();
    process.nextTick(() => this.#tellIdentity(listener));
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.delete(listener);
    this.#watch();
  }

  addCaCertificateListener(listener: CaListener): void {
    this.#caListeners.add(listener);
    this.#watch();
    process.nextTick(() => this.#tellCa(listener));
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.#caListeners.delete(listener);
    this.#watch();
  }

  #watch(): void {
    const wanted = this.#identityListeners.size + this.#caListeners.size > 0;
    if (wanted && this.#timer === undefined) {
      this.#timer = setInterval(() => this.#refresh(), this.#refreshMs).unref();
    } else if (!wanted) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  #refresh(): void {
    try {
      const next = readCertificates(this.#files);
      this.#failure = undefined;
      if (isSame(next, this.#current)) return;
      this.#current = next;
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      if (failure !== this.#failure) process.emitWarning(`The former certificates stay in use: ${failure}`);
      this.#failure = failure;
      return;
    }
    for (const listener of this.#identityListeners) this.#tellIdentity(listener);
    for (const listener of this.#caListeners) this.#tellCa(listener);
  }

  #tellIdentity(listener: IdentityListener): void {
    const { certificate, privateKey } = this.#current;
    if (this.#identityListeners.has(listener)) listener({ certificate, privateKey });
  }

  #tellCa(listener: CaListener): void {
    const { caCertificate } = this.#current;
    if (this.#caListeners.has(listener)) listener(caCertificate === undefined ? null : { caCertificate });
  }
}

function isSame(a: Certificates, b: Certificates): boolean {
  return (
    a.certificate.equals(b.certificate) &&
    a.privateKey.equals(b.privateKey) &&
    (a.caCertificate?.equals(b.caCertificate ?? Buffer.alloc(0)) ?? true)
  );
}
