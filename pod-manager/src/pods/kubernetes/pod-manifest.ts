import type { EnvVar } from "@podule/proto/podule/v1/modules.ts";
import { labelOf, objectNameOf } from "../../kubernetes/module-names.ts";
import { MODULE_API_VERSION } from "../../kubernetes/paths.ts";
import type { PodTemplate } from "../pod-backend.ts";
import { workerEnvironment } from "../worker-settings.ts";
import { environmentContainer, environmentVolumes, environmentWait } from "./environment-manifest.ts";
import { ANNOTATIONS, APP, HEALTH_PORT, LABELS, MODULE_CONTAINER, PORT } from "./names.ts";

export interface PodSettings {
  /** Of the pods of modules that name none of their own. */
  readonly image: string;
  readonly imagePullPolicy?: string;
  /** PersistentVolumeClaim of the environments that the pods of a node share. Without one each pod installs its own. */
  readonly environmentsClaim?: string;
  /** Secret with `tls.crt`, `tls.key` and, of the managers that may call, `ca.crt`. Without one there is no TLS. */
  readonly tlsSecret?: string;
  /** Secret whose keys are variables of `uv` where it installs: an index with its password. */
  readonly uvSecret?: string;
  /** Variables of `uv` where it installs. */
  readonly uvVariables?: Readonly<Record<string, string>>;
  readonly drainGraceMs: number;
  readonly sessionGraceMs: number;
  readonly maxMessageBytes: number;
  readonly importTimeoutMs: number;
  /** A node that cannot be reached for so long has lost its pods. */
  readonly nodeLostSeconds: number;
}

const TLS_FOLDER = "/var/run/podule/tls";
const TEMPORARY_BYTES = "2Gi";
/** Both managers have seen by then that the pod goes, and Services have forgotten it: only then is it told to drain. */
const PRE_STOP_SECONDS = 1;
const SLACK_SECONDS = 5;
/** Of the module server, besides the workers. */
const SERVER_BYTES = 256 * 2 ** 20;
const USER = 65532;

export const CONTAINER_SECURITY = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
} as const;

/** The Pod that runs a module's generation: fits into Pod Security `restricted`. */
export function podManifest(name: string, template: PodTemplate, settings: PodSettings): object {
  const { moduleId, generation, moduleUid = "" } = template;
  const label = labelOf(moduleId);
  const image = template.image ?? settings.image;
  const pull = settings.imagePullPolicy === undefined ? {} : { imagePullPolicy: settings.imagePullPolicy };
  const installs = template.lock !== undefined && template.lock.text !== "";
  const labels = {
    [LABELS.app]: APP,
    [LABELS.managedBy]: "podule",
    [LABELS.module]: label,
    [LABELS.generation]: String(generation),
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      labels,
      annotations: {
        [ANNOTATIONS.moduleId]: moduleId,
        [ANNOTATIONS.generation]: String(generation),
        "kubectl.kubernetes.io/default-container": MODULE_CONTAINER,
      },
      ownerReferences: ownerReferences(moduleId, moduleUid),
    },
    spec: {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds:
        PRE_STOP_SECONDS + Math.ceil(settings.drainGraceMs / 1000) + SLACK_SECONDS,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: USER,
        runAsGroup: USER,
        seccompProfile: { type: "RuntimeDefault" },
      },
      tolerations: ["not-ready", "unreachable"].map((taint) => ({
        key: `node.kubernetes.io/${taint}`,
        operator: "Exists",
        effect: "NoExecute",
        tolerationSeconds: settings.nodeLostSeconds,
      })),
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "kubernetes.io/hostname",
          whenUnsatisfiable: "ScheduleAnyway",
          labelSelector: { matchLabels: { [LABELS.app]: APP, [LABELS.module]: label } },
        },
      ],
      containers: [
        {
          name: MODULE_CONTAINER,
          image,
          ...pull,
          command: ["module-server"],
          env: variables(name, template, settings, installs),
          ports: [
            { name: "grpc", containerPort: PORT },
            { name: "health", containerPort: HEALTH_PORT },
          ],
          resources: resources(template),
          securityContext: CONTAINER_SECURITY,
          lifecycle: { preStop: { sleep: { seconds: PRE_STOP_SECONDS } } },
          readinessProbe: { grpc: { port: HEALTH_PORT }, periodSeconds: 2, timeoutSeconds: 5 },
          terminationMessagePolicy: "FallbackToLogsOnError",
          volumeMounts: [
            { name: "tmp", mountPath: "/tmp" },
            ...(settings.tlsSecret === undefined
              ? []
              : [{ name: "tls", mountPath: TLS_FOLDER, readOnly: true }]),
            ...(installs ? environmentWait.volumeMounts : []),
          ],
        },
        ...(installs
          ? [environmentContainer(template.lock, template.python, { ...settings, image }, pull)]
          : []),
      ],
      volumes: [
        { name: "tmp", emptyDir: { sizeLimit: TEMPORARY_BYTES } },
        ...(settings.tlsSecret === undefined
          ? []
          : [{ name: "tls", secret: { secretName: settings.tlsSecret, defaultMode: 0o444 } }]),
        ...(installs ? environmentVolumes(settings.environmentsClaim) : []),
      ],
    },
  };
}

export function ownerReferences(moduleId: string, moduleUid: string): readonly object[] {
  return [
    {
      apiVersion: MODULE_API_VERSION,
      kind: "Module",
      name: objectNameOf(moduleId),
      uid: moduleUid,
      controller: true,
    },
  ];
}

/** Contract 3 of docs/architecture.md. The module's own variables come first: ours win. */
function variables(
  name: string,
  template: PodTemplate,
  settings: PodSettings,
  installs: boolean,
): readonly object[] {
  const own: Record<string, string> = {
    MODULE_NAME: template.importName,
    PODULE_MODULE_ID: template.moduleId,
    PODULE_POD_NAME: name,
    PODULE_REVISION: String(template.generation),
    PODULE_LISTEN: `0.0.0.0:${PORT}`,
    PODULE_HEALTH_LISTEN: `0.0.0.0:${HEALTH_PORT}`,
    PODULE_WORKERS: String(template.workers),
    ...(template.worker === undefined ? {} : workerEnvironment(template.worker)),
    PODULE_IMPORT_TIMEOUT_MS: String(settings.importTimeoutMs),
    PODULE_DRAIN_GRACE_MS: String(settings.drainGraceMs),
    PODULE_SESSION_GRACE_MS: String(settings.sessionGraceMs),
    PODULE_MAX_MESSAGE_BYTES: String(settings.maxMessageBytes),
    ...(template.workerMemoryLimit === undefined
      ? {}
      : { PODULE_WORKER_MEMORY_LIMIT: String(template.workerMemoryLimit) }),
    // An image with an environment of its own says where that is.
    ...(template.image === undefined ? { PODULE_PYTHON: template.python } : {}),
    ...(settings.tlsSecret === undefined
      ? {}
      : {
          PODULE_TLS_CERT_FILE: `${TLS_FOLDER}/tls.crt`,
          PODULE_TLS_KEY_FILE: `${TLS_FOLDER}/tls.key`,
          PODULE_TLS_CLIENT_CA_FILE: `${TLS_FOLDER}/ca.crt`,
        }),
    ...(installs ? environmentWait.variables : {}),
  };
  return [
    ...(template.env ?? []).map(variable),
    ...Object.entries(own).map(([key, value]) => ({ name: key, value })),
  ];
}

function variable({ name, source }: EnvVar): object {
  if (source?.$case === "secretKeyRef") {
    const { name: secret, key } = source.value;
    return { name, valueFrom: { secretKeyRef: { name: secret, key } } };
  }
  // Kubernetes would take "$(NAME)" for another variable's value.
  return { name, value: (source?.value ?? "").replaceAll("$", "$$$$") };
}

function resources({ cpu = 0.5, memory = 512 * 2 ** 20, workers, workerMemoryLimit }: PodTemplate): object {
  const requests = { cpu: `${Math.max(1, Math.round(cpu * 1000))}m`, memory: String(memory) };
  if (workerMemoryLimit === undefined) return { requests };
  const limit = Math.max(memory, workers * workerMemoryLimit + SERVER_BYTES);
  return { requests, limits: { memory: String(limit) } };
}
