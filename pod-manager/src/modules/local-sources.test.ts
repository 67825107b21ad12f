import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLocalSources } from "./local-sources.ts";
import { newModule } from "./new-module.ts";

let folder: string;
const sources = () => createLocalSources({ stateDir: join(folder, "state"), namespace: "default" });
const moduleAt = (path: string, generation: bigint, uid = "uid") => ({
  ...newModule("x", uid, ModuleSpec.create({ path }), new Date()),
  generation,
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "podule-sources-"));
  await writeFile(join(folder, "model.py"), "x = 1\n");
  await mkdir(join(folder, "pkg", "part", "__pycache__"), { recursive: true });
  await writeFile(join(folder, "pkg", "__init__.py"), "");
  await writeFile(join(folder, "pkg", "part", "data.bin"), Buffer.from([0, 255]));
  await writeFile(join(folder, "pkg", "part", "__pycache__", "x.pyc"), "x");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("copies of users' code", () => {
  it("hold a file, or a package folder without what Python made of it", async () => {
    const own = sources();
    await own.copy("file", 1n, join(folder, "model.py"));
    const file = await own.folderOf(moduleAt(join(folder, "model.py"), 1n, "file"));
    expect(await readFile(join(file ?? "", "model.py"), "utf8")).toBe("x = 1\n");
    await own.copy("pkg", 1n, `${folder}/pkg/`);
    const copied = await own.folderOf(moduleAt(join(folder, "pkg"), 1n, "pkg"));
    expect(await readdir(copied ?? "")).toEqual(["pkg"]);
    expect(await readdir(join(copied ?? "", "pkg", "part"))).toEqual(["data.bin"]);
  });

  it("stay as they were for the generation that runs them", async () => {
    const own = sources();
    const path = join(folder, "model.py");
    const first = await own.copy("uid", 1n, path);
    expect(await own.copy("uid", 2n, path)).toBe(first);
    await writeFile(path, "x = 2\n");
    expect(await own.copy("uid", 3n, path)).not.toBe(first);
    const read = async (generation: bigint) =>
      readFile(join((await own.folderOf(moduleAt(path, generation))) ?? "", "model.py"), "utf8");
    expect(await read(2n)).toBe("x = 1\n");
    expect(await read(3n)).toBe("x = 2\n");
    expect(await read(9n)).toBe("x = 2\n");
    expect(await own.folderOf(moduleAt("", 3n))).toBeUndefined();
    await own.prune("uid", moduleAt(path, 9n));
    expect(await read(3n)).toBe("x = 2\n");
    expect(await own.folderOf(moduleAt(path, 2n))).toBeUndefined();
    await own.retain(new Set(["other"]));
    expect(await own.folderOf(moduleAt(path, 9n))).toBeUndefined();
  });

  it.each([
    ["nothing.py", "cannot be read"],
    ["data.txt", "no .py file"],
    ["empty", "without any .py file"],
    ["my-model.py", "cannot import"],
    ["outside", "link to outside"],
    ["loop", "linked folder"],
    ["pipe", "no file"],
  ])("are refused of %s", async (name, why) => {
    await writeFile(join(folder, "data.txt"), "");
    await writeFile(join(folder, "my-model.py"), "");
    for (const each of ["empty", "outside", "loop", "pipe"]) await mkdir(join(folder, each));
    await symlink("/etc/passwd", join(folder, "outside", "a.py"));
    await symlink(".", join(folder, "loop", "again"));
    execFileSync("mkfifo", [join(folder, "pipe", "fifo.py")]);
    await expect(sources().copy("uid", 1n, join(folder, name))).rejects.toThrow(why);
    await expect(sources().check(join(folder, name))).rejects.toThrow(why);
    expect(await readdir(join(folder, "state", "default", "sources", "uid")).catch(() => [])).toEqual([]);
  });
});
