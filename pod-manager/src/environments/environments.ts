import type { PythonFacts } from "./python.ts";

export interface EnvironmentRequest {
  /** What Python imports: decides the default dependency. */
  readonly importName: string;
  /** PEP 508 requirements; empty for the default. */
  readonly dependencies: readonly string[];
  /** As uv understands it; empty for the first that uv finds. */
  readonly python: string;
  /** The module is the user's own code: no default dependency. */
  readonly ownCode: boolean;
}

export interface Lock {
  /** "sha256:...": the environment's identity. */
  readonly digest: string;
  readonly python: PythonFacts;
  /** A requirements file with hashes. */
  readonly text: string;
}

export interface Environment {
  readonly digest: string;
  /** The interpreter, absolute. */
  readonly python: string;
  /** "3.12.1". */
  readonly pythonVersion: string;
}

export interface Environments {
  /** What is there already: costs no process. */
  lookup(request: EnvironmentRequest): Promise<{ lock?: Lock; environment?: Environment }>;
  /** The lock, from the cache unless `fresh`. Throws StatusError with the resolver's words. */
  resolve(request: EnvironmentRequest, options: { signal: AbortSignal; fresh?: boolean }): Promise<Lock>;
  /** The installed environment of a lock. Throws StatusError with the installer's words. */
  install(lock: Lock, options: { signal: AbortSignal }): Promise<Environment>;
  /** Ends what runs. */
  close(): Promise<void>;
}
