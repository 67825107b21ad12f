import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { cacheDir } from "@podule/cli";
import { afterEach, beforeEach, expect, test } from "vitest";
import { remaining } from "../stack/processes.ts";
import { expectNothingLeft } from "../stack/stack.ts";
import { ROOT } from "../stack/tools.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "podule-e2e-"));
});
afterEach(async () => {
  await remaining(folder, 10_000);
  await rm(folder, { recursive: true, force: true });
});

/** npm and the shell that it starts the script with are in between, and do not pass on what kills npm. */
test.each(["SIGKILL", "SIGHUP"] as const)("npm start ends with npm: %s", async (signal) => {
  const npm = spawn("npm", ["start"], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      PORT: "0",
      PODULE_MODULE: "",
      PODULE_STATE_DIR: join(folder, "state"),
      PODULE_CACHE_DIR: cacheDir(process.env),
      TMPDIR: folder,
    },
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: npm.stdout })) {
    lines.push(line);
    if (/Serving on/.test(line)) break;
  }
  expect(lines.at(-1)).toMatch(/Serving on 127/);
  npm.kill(signal);
  await expectNothingLeft(folder, { log: () => lines.join("\n") });
});
