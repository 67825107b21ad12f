import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { statusError } from "@podule/grpc";
import { Status } from "nice-grpc";

/**
 * Holds a folder for this process. SQLite's exclusive lock on an empty database is the kernel's own (fcntl): it goes with the
 * process, however that dies, and is never left behind stale as a pid file would be. `owner` is only for the message.
 */
export function lockFolder(folder: string): { release(): void } {
  const owner = join(folder, "lock.owner");
  const database = new DatabaseSync(join(folder, "lock"), { timeout: 0 });
  try {
    database.exec("PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (!(error instanceof Error) || !/locked|busy/.test(error.message)) throw error;
    throw statusError(
      Status.FAILED_PRECONDITION,
      "STATE_IN_USE",
      `Another pod manager (process ${readOwner(owner)}) uses ${folder}; end it, or choose another PODULE_STATE_DIR or NAMESPACE`,
    );
  }
  writeFileSync(owner, `${process.pid}\n`);
  return { release: () => database.close() };
}

function readOwner(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return "unknown";
  }
}
