import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reasonOf, rpcStatus } from "@podule/grpc";
import { Status as RpcStatusMessage } from "@podule/proto/google/rpc/status.ts";
import { Status } from "nice-grpc-common";
import { afterEach, beforeEach, expect, test } from "vitest";
import { awaitEnvironment } from "./await-environment.ts";

let folder: string;
let python: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "podtest-"));
  python = join(folder, "python");
});
afterEach(() => rmSync(folder, { recursive: true }));
const cause = rpcStatus(Status.FAILED_PRECONDITION, "DEPENDENCY_HASH_MISMATCH", "Hash mismatch for numpy");

test("does not wait for an interpreter that is there", async () => {
  writeFileSync(python, "");
  expect(await awaitEnvironment(python, join(folder, "none"))).toBeUndefined();
});

test("waits until it is installed", async () => {
  let done = false;
  const waiting = awaitEnvironment(python, folder).finally(() => {
    done = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(done).toBe(false);
  writeFileSync(python, "");
  writeFileSync(join(folder, "ready"), "");
  expect(await waiting).toBeUndefined();
});

test("ends with the installer's words, those it finds and those that come", async () => {
  const waiting = awaitEnvironment(python, folder);
  writeFileSync(join(folder, "failed"), JSON.stringify(RpcStatusMessage.toJSON(cause)));
  for (const status of [await waiting, await awaitEnvironment(python, folder)])
    expect(status?.message).toBe("Hash mismatch for numpy");
});

test("installed, and still not there: says so", async () => {
  writeFileSync(join(folder, "ready"), "");
  const status = await awaitEnvironment(python, folder);
  expect(status && reasonOf(status)).toBe("ENVIRONMENT_NOT_THERE");
});
