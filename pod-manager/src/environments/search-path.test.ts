import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findPython } from "./python.ts";
import { brokenInterpreter, pathWithout } from "./search-path.ts";
import { runUv } from "./uv.ts";

const UV = process.env["PODULE_UV"] ?? "";
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "search-path-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("the interpreter that ended the search is named by uv", () => {
  const words =
    "error: Failed to inspect Python interpreter from first executable in the search path at `/a b/shims/python3.12`\n  cause: x";
  expect(brokenInterpreter(words)).toBe("/a b/shims/python3.12");
  expect(brokenInterpreter("error: No interpreter found for Python 3.99")).toBeUndefined();
});

test("its folder is passed over; behind pyenv's shims are its versions, the newest first", async () => {
  const pyenv = join(folder, "pyenv");
  for (const version of ["3.9.18", "3.12.1", "3.10.2"])
    await mkdir(join(pyenv, "versions", version), { recursive: true });
  const bins = ["3.12.1", "3.10.2", "3.9.18"].map((version) => join(pyenv, "versions", version, "bin"));
  expect(await pathWithout(`/x:${pyenv}/shims/:/y`, `${pyenv}/shims/python3`)).toBe(
    ["/x", ...bins, "/y"].join(":"),
  );
  expect(await pathWithout("/x:/bad:/y", "/bad/python3")).toBe("/x:/y");
  expect(await pathWithout("/x", "/bad/python3")).toBe("/x");
});

describe.skipIf(UV === "")("with uv", () => {
  test("a Python behind a shim that does not run is found", async () => {
    const options = { uv: UV, cacheFolder: join(folder, "cache"), folder: join(folder, "pythons") };
    const run = { signal: new AbortController().signal, timeoutMs: 60_000 };
    const any = await runUv(options, [UV, "python", "find", "--system", "--no-project", ">=3.9"], run);
    const python = any.stdout.trim();
    const { version, path } = await findPython(options, python, { signal: run.signal, fresh: true });
    const minor = version.split(".").slice(0, 2).join(".");

    const pyenv = join(folder, "broken");
    await mkdir(join(pyenv, "shims"), { recursive: true });
    const shim = join(pyenv, "shims", `python${minor}`);
    await writeFile(shim, "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n");
    await chmod(shim, 0o755);
    const bin = join(pyenv, "versions", version, "bin");
    await mkdir(bin, { recursive: true });
    await symlink(path, join(bin, `python${minor}`));
    const variables = { ...process.env, PATH: dirname(shim) };
    const found = await findPython({ ...options, variables }, minor, { signal: run.signal, fresh: true });
    expect(found.version).toBe(version);
  });
});
