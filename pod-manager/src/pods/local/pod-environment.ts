import { join } from "node:path";
import { type StatusError, statusError } from "@podule/grpc";
import { Status } from "nice-grpc-common";
import type { PodTemplate } from "../pod-backend.ts";
import { workerEnvironment } from "../worker-settings.ts";

/**
 * What a pod may see of this process's environment: where programs and files are, the locale, how native
 * libraries and proxies are set. Everything else stays here: it may be a secret.
 */
const PASSED =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TZDIR|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|https?_proxy|no_proxy|all_proxy|HTTPS?_PROXY|NO_PROXY|ALL_PROXY|LD_LIBRARY_PATH|DYLD_[A-Z_]+|(CUDA|NVIDIA|HIP|ROCR|HSA|NCCL)_[A-Z0-9_]+|(OMP|OPENBLAS|MKL|BLIS|VECLIB|NUMEXPR|NUMBA|KMP|GOTO)_[A-Z0-9_]+|XDG_(CACHE|CONFIG|DATA|RUNTIME)_(HOME|DIR|DIRS)|PYENV_[A-Z_]+|MPLBACKEND|MPLCONFIGDIR|HF_HOME|TORCH_HOME|OTEL_[A-Z0-9_]+|PODULE_TRACE_[A-Z_]+|PODULE_LOG_LEVEL|PYTHON(UTF8|HASHSEED|MALLOC))$/;

const COLLECTION = "pods/";

export interface PodFiles {
  readonly socket: string;
  readonly terminationMessage: string;
  /** The pod's own temporary folder: removed with the pod. */
  readonly temporary: string;
}

export function filesIn(folder: string): PodFiles {
  return { socket: join(folder, "s"), terminationMessage: join(folder, "end"), temporary: join(folder, "t") };
}

/** What a process that waits to be a pod is started with. */
export function warmEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  files: PodFiles,
  codeCacheDir: string | undefined,
): Record<string, string> {
  return {
    ...passedOn(own),
    PODULE_WARM: "true",
    ...codeCaches(codeCacheDir),
    TERMINATION_MESSAGE_PATH: files.terminationMessage,
    TMPDIR: files.temporary,
  };
}

/** Where the compiled code of the module server and of its Python side is kept. */
function codeCaches(folder: string | undefined): Record<string, string> {
  return folder === undefined
    ? {}
    : { NODE_COMPILE_CACHE: folder, PODULE_BYTECODE_DIR: join(folder, "python") };
}

function passedOn(own: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const passed = Object.entries(own).filter(([name, value]) => value !== undefined && PASSED.test(name));
  return Object.fromEntries(passed.map(([name, value]) => [name, value ?? ""]));
}

/** The environment of a pod's process: contract 3 of docs/architecture.md. */
export function podEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  template: PodTemplate,
  files: PodFiles,
  settings: {
    /** "pods/numpy-x7k2p". */
    readonly name: string;
    readonly sessionGraceMs: number;
    readonly maxMessageBytes: number;
    readonly drainGraceMs: number;
    readonly importTimeoutMs: number;
    readonly codeCacheDir: string | undefined;
  },
): Record<string, string> {
  const { sourceFolder, workerMemoryLimit } = template;
  return {
    ...passedOn(own),
    ...ownVariables(template),
    MODULE_NAME: template.importName,
    PODULE_MODULE_ID: template.moduleId,
    PODULE_REVISION: String(template.generation),
    ...(template.traceparent === undefined ? {} : { TRACEPARENT: template.traceparent }),
    PODULE_POD_NAME: settings.name.slice(COLLECTION.length),
    PODULE_LISTEN: `unix:${files.socket}`,
    PODULE_PYTHON: template.python,
    PODULE_WORKERS: String(template.workers),
    ...(template.worker === undefined ? {} : workerEnvironment(template.worker)),
    PODULE_IMPORT_TIMEOUT_MS: String(settings.importTimeoutMs),
    PODULE_DRAIN_GRACE_MS: String(settings.drainGraceMs),
    PODULE_SESSION_GRACE_MS: String(settings.sessionGraceMs),
    PODULE_MAX_MESSAGE_BYTES: String(settings.maxMessageBytes),
    ...(sourceFolder === undefined ? {} : { PODULE_MODULE_PATH: sourceFolder }),
    ...(workerMemoryLimit === undefined ? {} : { PODULE_WORKER_MEMORY_LIMIT: String(workerMemoryLimit) }),
    ...codeCaches(settings.codeCacheDir),
    TERMINATION_MESSAGE_PATH: files.terminationMessage,
    TMPDIR: files.temporary,
  };
}

/** Throws where only a cluster has what they need. */
function ownVariables({ env = [], image }: PodTemplate): Record<string, string> {
  if (image !== undefined) throw onlyInCluster("image");
  return Object.fromEntries(
    env.map(({ name, source }) => {
      if (source?.$case === "secretKeyRef") throw onlyInCluster(`env ${name}: secret_key_ref`);
      return [name, source?.value ?? ""];
    }),
  );
}

function onlyInCluster(field: string): StatusError {
  return statusError(
    Status.INVALID_ARGUMENT,
    "ONLY_ON_KUBERNETES",
    `spec.${field} is only for the Kubernetes backend`,
  );
}
