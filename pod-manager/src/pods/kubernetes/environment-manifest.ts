import { dirname } from "node:path";
import { gzipSync } from "node:zlib";
import { statusError } from "@podule/grpc";
import { Status } from "nice-grpc-common";
import { formatLock, type Lock } from "../../environments/lock.ts";
import { ENVIRONMENT_CONTAINER } from "./names.ts";
import { CONTAINER_SECURITY, type PodSettings } from "./pod-manifest.ts";

/** Where the environments of a node are, in every pod. */
export const ENVIRONMENTS_FOLDER = "/var/cache/podule";
/** Where the container that installs says how that ended. */
const STATUS_FOLDER = "/var/run/podule/environment";
/** Linux takes no variable beyond 128 KiB. */
const PART_CHARACTERS = 96 * 1024;
/** Of a Pod, the API server takes 1.5 MiB. */
const MOST_PARTS = 8;

/**
 * Where the environment is there already, no more than a look at it. Then it waits for the end: a pod of which a container has ended is not ready,
 * and gets no calls through Services. The image need not have more than a shell and Python.
 */
const INSTALL = [
  '[ -x "$PODULE_ENVIRONMENT/bin/python" ] || install-environment || exit 1',
  'exec python3 -IS -c "import os, signal; signal.signal(signal.SIGTERM, lambda *_: os._exit(0)); signal.pause()"',
].join("; ");

/** What the container that serves needs to wait for its environment: it can read all of them, and write none. */
export const environmentWait = {
  variables: { PODULE_ENVIRONMENT_STATUS: STATUS_FOLDER },
  volumeMounts: [
    { name: "environments", mountPath: ENVIRONMENTS_FOLDER, readOnly: true },
    { name: "environment-status", mountPath: STATUS_FOLDER, readOnly: true },
  ],
} as const;

/**
 * Installs the environment, or finds it installed, beside the container that serves: that one starts without waiting for this one where the
 * environment is there already.
 */
export function environmentContainer(
  lock: Lock | undefined,
  python: string,
  settings: Pick<PodSettings, "image" | "uvSecret" | "uvVariables">,
  pull: object,
): object {
  return {
    name: ENVIRONMENT_CONTAINER,
    image: settings.image,
    ...pull,
    command: ["/bin/sh", "-c", INSTALL],
    ...(settings.uvSecret === undefined
      ? {}
      : { envFrom: [{ secretRef: { name: settings.uvSecret, optional: true } }] }),
    env: [
      ...Object.entries(settings.uvVariables ?? {}).map(([name, value]) => ({
        name,
        value: value.replaceAll("$", "$$$$"),
      })),
      ...lockVariables(lock),
      { name: "PODULE_CACHE_DIR", value: ENVIRONMENTS_FOLDER },
      { name: "PODULE_ENVIRONMENT", value: dirname(dirname(python)) },
      { name: "PODULE_ENVIRONMENT_STATUS", value: STATUS_FOLDER },
    ],
    resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "2Gi" } },
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [
      { name: "environment-tmp", mountPath: "/tmp" },
      { name: "environments", mountPath: ENVIRONMENTS_FOLDER },
      { name: "environment-status", mountPath: STATUS_FOLDER },
    ],
  };
}

export function environmentVolumes(claim: string | undefined): readonly object[] {
  return [
    {
      name: "environments",
      ...(claim === undefined ? { emptyDir: {} } : { persistentVolumeClaim: { claimName: claim } }),
    },
    { name: "environment-status", emptyDir: { sizeLimit: "1Mi" } },
    { name: "environment-tmp", emptyDir: { sizeLimit: "8Gi" } },
  ];
}

/** PODULE_LOCK_0, _1, …: the lock as JSON, gzipped, in base64. `readLockVariables` reads them. */
function lockVariables(lock: Lock | undefined): readonly object[] {
  if (lock === undefined) return [];
  const text = gzipSync(formatLock(lock), { level: 9 }).toString("base64");
  const parts = text.match(new RegExp(`.{1,${PART_CHARACTERS}}`, "g")) ?? [];
  if (parts.length > MOST_PARTS)
    throw statusError(
      Status.INVALID_ARGUMENT,
      "ENVIRONMENT_TOO_LARGE",
      `The lock of the environment has ${lock.text.length} characters: it does not fit into a Pod; bake it into an image (spec.image)`,
      { metadata: { environment: lock.digest } },
    );
  return parts.map((value, index) => ({ name: `PODULE_LOCK_${index}`, value }));
}
