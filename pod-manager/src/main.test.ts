import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { managerMain } from "./index.ts";

function run(env: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), "podule-"));
  const { PATH = "" } = process.env;
  const { status, stderr } = spawnSync(process.execPath, [managerMain], {
    env: { PATH, HOME: folder, TMPDIR: folder, ...env },
    encoding: "utf8",
    timeout: 25_000,
  });
  const left = readdirSync(folder).filter((name) => name.startsWith("podule-"));
  rmSync(folder, { recursive: true });
  return { status, stderr, left };
}

test("nonsense in the environment is refused by name, with exit code 2", () => {
  const { status, stderr } = run({ PODULE_LISTEN: "0.0.0.0:0", PODULE_QUEUE_LIMIT: "many" });
  expect(stderr).toMatch(/podule-manager: PODULE_LISTEN: .*no authentication is configured/);
  expect(stderr).toMatch(/podule-manager: PODULE_QUEUE_LIMIT: "many" is not a whole number/);
  expect(status).toBe(2);
});

test("a busy address and an unusable run folder end the start, and leave nothing", async () => {
  const busy = createServer();
  await new Promise<void>((resolve) => busy.listen(0, "127.0.0.1", resolve));
  const address = busy.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const first = run({ PODULE_LISTEN: `127.0.0.1:${port}` });
  expect(first.stderr).toContain(String(port));
  expect([first.status, first.left]).toEqual([1, []]);
  busy.close();
  const second = run({ PODULE_LISTEN: "127.0.0.1:0", PODULE_RUN_DIR: "/proc/none" });
  expect(second.stderr).toContain("The run folder /proc/none cannot be made");
  expect(second.status).toBe(1);
});
