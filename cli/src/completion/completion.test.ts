import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { makeProgram } from "../program.ts";
import { completionScript } from "./completion.ts";

const run = promisify(execFile);

async function script(shell: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "podule-completion-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, shell);
  await writeFile(file, completionScript(makeProgram(), shell));
  return file;
}

const BASH = `source "$0"
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _podule; printf '%s\\n' "\${COMPREPLY[@]}"`;

/** What each shell offers for the last word. */
const ask = {
  bash: async (file: string, words: readonly string[]) => run("bash", ["-c", BASH, file, ...words]),
  fish: async (file: string, words: readonly string[]) =>
    run("fish", ["--no-config", "-c", `source ${file}; complete -C "${words.join(" ")}"`]),
};

async function offers(shell: "bash" | "fish", words: readonly string[]): Promise<string[]> {
  const { stdout, stderr } = await ask[shell](await script(shell), words);
  expect(stderr).toBe("");
  return stdout.split("\n").flatMap((line) => line.split("\t", 1).filter((word) => word !== ""));
}

async function isThere(shell: string): Promise<boolean> {
  return run(shell, ["-c", "exit"]).then(
    () => true,
    () => false,
  );
}

const shells: readonly ("bash" | "fish")[] = (await isThere("fish")) ? ["bash", "fish"] : ["bash"];

test.each(shells)("%s completes commands, options and their choices", async (shell) => {
  expect(await offers(shell, ["podule", "mod"])).toEqual(["modules"]);
  expect(await offers(shell, ["podule", ""])).toEqual(
    expect.arrayContaining(["up", "call", "modules", "doctor"]),
  );
  const modules = await offers(shell, ["podule", "modules", ""]);
  expect(modules).toEqual(expect.arrayContaining(["list", "get", "create", "update", "delete", "watch"]));
  expect(modules).not.toContain("call");
  expect(await offers(shell, ["podule", "modules", "create", "--mem"])).toEqual([
    "--memory",
    "--memory-limit",
  ]);
  expect((await offers(shell, ["podule", "pods", "list", "-o", ""])).toSorted()).toEqual(["json", "text"]);
  expect(await offers(shell, ["podule", "completion", "z"])).toEqual(["zsh"]);
});

test("the scripts are of their shells' grammar", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    if (await isThere(shell)) await run(shell, ["-n", await script(shell)]);
  }
});
