import { fileURLToPath } from "node:url";

export {
  type Config,
  ConfigError,
  defaultCacheDir,
  defaultStateDir,
  readConfig,
  VARIABLES,
} from "./config.ts";
export { MAX_SOCKET_PATH_BYTES } from "./listen-address.ts";

/** What `node` runs as the pod manager; configured by its environment alone. */
export const managerMain = fileURLToPath(new URL("./main.ts", import.meta.url));
