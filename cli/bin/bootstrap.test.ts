import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

/** A repository with the real bootstrap and a main of its own. */
async function repository(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "podule-bootstrap-"));
  onTestFinished(() => rm(root, { recursive: true }));
  await mkdir(join(root, "cli/src"), { recursive: true });
  await cp(join(import.meta.dirname, "bootstrap.mjs"), join(root, "cli/bin/bootstrap.mjs"));
  await writeFile(
    join(root, "cli/src/main.ts"),
    "console.log(process.argv.slice(2).join() satisfies string);\n",
  );
  const name = { name: "test", version: "1.0.0" };
  await writeFile(join(root, "package.json"), JSON.stringify({ ...name, private: true }));
  const lock = { ...name, lockfileVersion: 3, requires: true, packages: { "": name } };
  await writeFile(join(root, "package-lock.json"), JSON.stringify(lock));
  return root;
}

test("installs what is missing, once, and runs the command with its arguments", async () => {
  const root = await repository();
  const start = () =>
    promisify(execFile)(process.execPath, [join(root, "cli/bin/bootstrap.mjs"), "start", "--once"]);
  const first = await start();
  expect(first.stderr).toContain("Installing");
  expect(first.stdout.trim()).toBe("start,--once");
  await mkdir(join(root, "node_modules"), { recursive: true });
  await cp(join(root, "package-lock.json"), join(root, "node_modules/.package-lock.json"));
  const second = await start();
  expect(second).toEqual({ stdout: first.stdout, stderr: "" });
});
