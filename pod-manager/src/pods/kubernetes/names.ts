/** The container that serves, and the one that installs its environment beside it. */
export const MODULE_CONTAINER = "module";
export const ENVIRONMENT_CONTAINER = "environment";

export const LABELS = {
  app: "app.kubernetes.io/name",
  managedBy: "app.kubernetes.io/managed-by",
  module: "podule.dev/module",
  generation: "podule.dev/generation",
} as const;
export const ANNOTATIONS = { moduleId: "podule.dev/module-id", generation: "podule.dev/generation" } as const;
export const APP = "podule-module";

export const PORT = 50051;
/** Health alone, without TLS, for the kubelet. */
export const HEALTH_PORT = 50052;

/** "numpy-3-7": the seventh pod of the module, of its third generation. */
export function podObjectName(label: string, generation: bigint, index: number): string {
  return `${label}-${generation}-${index}`;
}

/** 7 of "numpy-3-7"; 0 for another name. */
export function indexOf(label: string, name: string): number {
  if (!name.startsWith(`${label}-`)) return 0;
  const index = /^[0-9]{1,18}-([0-9]{1,15})$/.exec(name.slice(label.length + 1))?.[1];
  return index === undefined ? 0 : Number(index);
}
