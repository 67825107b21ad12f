import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { statusError } from "@podule/grpc";
import { Status } from "nice-grpc-common";

/** A socket's path has at most so many bytes. */
const LONGEST_PATH = 107;

export interface RunFolder {
  readonly socketPath: string;
  readonly progressFolder: string;
  remove(): void;
}

/** A new folder that only this user can enter, for the socket and the workers' progress files. */
export function makeRunFolder(parent: string | undefined): RunFolder {
  const folder = mkdtempSync(join(parent ?? tmpdir(), "pod-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const socketPath = join(folder, "link");
  const progressFolder = join(folder, "progress");
  if (Buffer.byteLength(socketPath) > LONGEST_PATH) {
    remove();
    throw statusError(
      Status.INVALID_ARGUMENT,
      "INVALID_SETTING",
      `The path of a socket may have ${LONGEST_PATH} bytes, and this is longer: ${socketPath}; set PODULE_RUN_DIR to a shorter one`,
    );
  }
  mkdirSync(progressFolder, { mode: 0o700 });
  return { socketPath, progressFolder, remove };
}
