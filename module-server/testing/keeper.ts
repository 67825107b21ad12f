import { fileURLToPath } from "node:url";

/** The environment of a pod that runs the worker's own test module for sessions. */
export const KEEPER = {
  MODULE_NAME: "keeper",
  PODULE_MODULE_PATH: fileURLToPath(new URL("../worker/tests/modules", import.meta.url)),
} as const;
