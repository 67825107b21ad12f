import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reasonOf, StatusError } from "@podule/grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEnvironments, type EnvironmentRequest, type Environments } from "./environments.ts";
import { findUv } from "./testing/find-uv.ts";
import { isRunning } from "./testing/is-running.ts";

const uv = findUv();
const signal = AbortSignal.timeout(300_000);
let folder: string;
let cacheDir: string;

const request = (...dependencies: string[]): EnvironmentRequest => ({
  importName: "anything",
  dependencies,
  python: "",
  ownCode: false,
});
const opened: Environments[] = [];
const environments = (
  binary = uv ?? "uv",
  variables?: Record<string, string | undefined>,
  cache = cacheDir,
) => {
  const made = createEnvironments({
    cacheDir: cache,
    uv: binary,
    ...(variables === undefined ? {} : { variables }),
  });
  opened.push(made);
  return made;
};

async function build(wanted: EnvironmentRequest) {
  const own = environments();
  return own.install(await own.resolve(wanted, { signal }), { signal });
}

async function failureOf(work: Promise<unknown>): Promise<{ reason: string | undefined; message: string }> {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof StatusError)) throw new Error(`No StatusError: ${String(error)}`);
  return { reason: reasonOf(error.status), message: error.status.message };
}

function python(interpreter: string, code: string): string {
  return execFileSync(interpreter, ["-I", "-B", "-c", code], { encoding: "utf8" }).trim();
}

describe.skipIf(uv === undefined)("environments built by the real uv", { timeout: 180_000 }, () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "podule-env-"));
    cacheDir = join(folder, "cache");
  });
  afterAll(async () => {
    await Promise.all(opened.map((one) => one.close()));
    await rm(folder, { recursive: true, force: true });
  });

  it("puts two versions of one package side by side", async () => {
    const [older, newer] = await Promise.all([build(request("idna==3.9")), build(request("idna==3.10"))]);
    expect(python(older.python, "import idna; print(idna.__version__)")).toBe("3.9");
    expect(python(newer.python, "import idna; print(idna.__version__)")).toBe("3.10");
    expect(older.digest).not.toBe(newer.digest);
  });

  it("finds what is there without any process", async () => {
    const { digest } = await build(request("six==1.17.0"));
    const warm = environments("/nowhere/uv");
    expect((await warm.lookup(request("six==1.17.0"))).environment?.digest).toBe(digest);
    expect((await warm.resolve(request(" six==1.17.0 "), { signal })).digest).toBe(digest);
    expect((await warm.lookup(request("six==1.16.0"))).lock).toBeUndefined();
    const used = await stat(join(cacheDir, "environments", digest.replace("sha256:", ""), "last-used"));
    expect(Date.now() - used.mtimeMs).toBeLessThan(120_000);
  });

  it("compiles bytecode beside the first use, for the starts after it", async () => {
    const { python: interpreter } = await build(request("idna==3.7"));
    const cached = python(
      interpreter,
      "import idna, importlib.util; print(importlib.util.cache_from_source(idna.__file__))",
    );
    await expect.poll(() => existsSync(cached), { timeout: 30_000 }).toBe(true);
  });

  it("locks every file by its hash", async () => {
    const lock = await environments().resolve(request("six==1.17.0"), { signal });
    expect(lock.text).toMatch(/^six==1\.17\.0 .*--hash=sha256:[0-9a-f]{64}/s);
  });

  it("installs one digest once for all who ask at once, and leaves nothing half built", async () => {
    const own = environments();
    const lock = await own.resolve(request("idna==3.8"), { signal });
    const others = environments();
    const built = await Promise.all(
      [own, own, own, others, others].map((one) => one.install(lock, { signal })),
    );
    expect(new Set(built.map((one) => one.python)).size).toBe(1);
    expect(await readdir(join(cacheDir, "environments"))).not.toContainEqual(expect.stringMatching(/^\./));
  });

  it("survives being moved: the folder was renamed into place", async () => {
    const { python: interpreter, digest } = await build(request("six==1.17.0"));
    const place = join(cacheDir, "environments", digest.replace("sha256:", ""));
    const moved = join(folder, "moved");
    await rename(place, moved);
    expect(python(join(moved, "bin", "python"), "import six, sys; print(sys.prefix)")).toBe(moved);
    await rename(moved, place);
    expect(python(interpreter, "import six; print(six.__version__)")).toBe("1.17.0");
  });

  it("builds again what has lost its interpreter", async () => {
    const { python: interpreter } = await build(request("six==1.16.0"));
    await rm(interpreter);
    const again = await build(request("six==1.16.0"));
    expect(python(again.python, "import six; print(six.__version__)")).toBe("1.16.0");
  });

  it("removes what a killed manager left half built long ago, and nothing that may still be built", async () => {
    const place = join(folder, "swept");
    const long = new Date(Date.now() - 24 * 60 * 60_000);
    const [old, young, living] = [".new-999999999-aa", ".new-999999999-bb", `.new-${process.pid}-cc`];
    for (const name of [old, young, living])
      await mkdir(join(place, "environments", name), { recursive: true });
    for (const name of [old, living]) await utimes(join(place, "environments", name), long, long);
    const own = environments(uv, undefined, place);
    await own.install(await own.resolve(request("six==1.17.0"), { signal }), { signal });
    const left = await readdir(join(place, "environments"));
    expect(left).not.toContain(old);
    expect(left).toEqual(expect.arrayContaining([young, living]));
  });

  it("throws away a lock that is not whole", async () => {
    const fresh = join(folder, "broken-cache");
    await mkdir(join(fresh, "locks"), { recursive: true });
    const own = createEnvironments({ cacheDir: fresh, uv: uv ?? "uv" });
    const { digest } = await own.resolve(request("six==1.17.0"), { signal });
    const [file = ""] = await readdir(join(fresh, "locks"));
    const path = join(fresh, "locks", file);
    await writeFile(path, (await readFile(path, "utf8")).replace("six==1.17.0", "six==1.16.0"));
    expect(await own.lookup(request("six==1.17.0"))).toEqual({});
    expect((await own.resolve(request("six==1.17.0"), { signal })).digest).toBe(digest);
  });

  it("needs no package for what the standard library has", async () => {
    const own = environments();
    const lock = await own.resolve({ ...request(), importName: "json.decoder" }, { signal });
    expect(lock.text).toBe("");
    const { python: interpreter } = await own.install(lock, { signal });
    expect(python(interpreter, "import json; print(json.dumps([1]))")).toBe("[1]");
    const other = await own.resolve({ ...request(), importName: "yaml" }, { signal });
    expect(other.text).toMatch(/^pyyaml==/);
  });

  it("says in uv's words what cannot be resolved", async () => {
    const own = environments();
    const missing = await failureOf(own.resolve(request("podule-has-no-such-package"), { signal }));
    expect(missing.reason).toBe("DEPENDENCY_NOT_FOUND");
    expect(missing.message).toContain("podule-has-no-such-package was not found");
    const version = await failureOf(own.resolve(request("six==99.0"), { signal }));
    expect(version.reason).toBe("DEPENDENCY_NOT_FOUND");
    const conflict = await failureOf(own.resolve(request("requests==2.32.3", "urllib3<1"), { signal }));
    expect(conflict.reason).toBe("DEPENDENCY_CONFLICT");
    expect(conflict.message).toContain("requests==2.32.3 depends on urllib3");
    const shape = await failureOf(own.resolve(request("six>>1"), { signal }));
    expect(shape.reason).toBe("DEPENDENCY_INVALID");
    const python = await failureOf(own.resolve({ ...request("six"), python: "3.99" }, { signal }));
    expect(python.reason).toBe("PYTHON_NOT_FOUND");
    expect(python.message).toContain("No interpreter found for Python 3.99");
  });

  it("says in the build's words why an sdist does not build", async () => {
    const name = await writeBrokenSdist(folder);
    const own = environments();
    const lock = await own.resolve(request(`broken @ file://${name}`), { signal });
    const failure = await failureOf(own.install(lock, { signal }));
    expect(failure.reason).toBe("BUILD_FAILED");
    expect(failure.message).toContain("RuntimeError: the compiler has left the building");
    expect(await readdir(join(cacheDir, "environments"))).not.toContainEqual(expect.stringMatching(/^\./));
  });

  it("locks a git requirement to its commit", async () => {
    const repository = await writeGitPackage(folder);
    const own = environments();
    const lock = await own.resolve(request(`gitdep @ git+file://${repository}`, "six==1.17.0"), { signal });
    expect(lock.text).toMatch(/^gitdep @ git\+file:.*@[0-9a-f]{40}$/m);
    const { python: interpreter } = await own.install(lock, { signal });
    expect(python(interpreter, "import gitdep, six; print(gitdep.x)")).toBe("1");
  });

  it("refuses a folder, whose content no lock can hold", async () => {
    await writeBrokenSdist(folder);
    const failure = await failureOf(
      environments().resolve(request(`broken @ file://${folder}/broken-1.0`), { signal }),
    );
    expect(failure.reason).toBe("DEPENDENCY_INVALID");
    expect(failure.message).toContain("path");
  });

  it("never lets an option reach uv", async () => {
    for (const hostile of [
      "--index-url=http://127.0.0.1:9",
      "six\n--index-url=http://127.0.0.1:9",
      "six --pre",
    ]) {
      const failure = await failureOf(environments().resolve(request(hostile), { signal }));
      expect(failure.reason).toBe("DEPENDENCY_INVALID");
    }
  });

  it("tells a network that is away from a package that is", async () => {
    const own = createEnvironments({
      cacheDir: join(folder, "no-network"),
      uv: uv ?? "uv",
      variables: {
        ...process.env,
        UV_INDEX_URL: "http://127.0.0.1:9/simple",
        UV_HTTP_RETRIES: "0",
        UV_DEFAULT_INDEX: "http://127.0.0.1:9/simple",
      },
    });
    const failure = await failureOf(own.resolve(request("six"), { signal }));
    expect(failure.reason).toBe("DEPENDENCY_DOWNLOAD_FAILED");
  });

  it("says so when uv is not there", async () => {
    const own = createEnvironments({ cacheDir: join(folder, "no-uv"), uv: "/nowhere/uv" });
    expect((await failureOf(own.resolve(request("six"), { signal }))).reason).toBe("UV_NOT_FOUND");
  });

  it("ends uv when nobody wants its answer any more", async () => {
    const slow = join(folder, "slow-uv");
    await writeFile(slow, `#!/bin/sh\necho $$ >> ${folder}/slow-pids\nsleep 600 & wait\n`);
    await chmod(slow, 0o755);
    const own = createEnvironments({ cacheDir: join(folder, "slow"), uv: slow });
    const controllers = [new AbortController(), new AbortController()];
    const asked = controllers.map((one) =>
      own.resolve(request("six"), { signal: one.signal }).catch(() => "left"),
    );
    await expect
      .poll(() => readFile(join(folder, "slow-pids"), "utf8").catch(() => ""), { timeout: 10_000 })
      .toMatch(/\d+\n/);
    const pid = Number(await readFile(join(folder, "slow-pids"), "utf8"));
    controllers[0]?.abort(new Error("left"));
    expect(await asked[0]).toBe("left");
    expect(isRunning(pid)).toBe(true);
    controllers[1]?.abort(new Error("left"));
    expect(await asked[1]).toBe("left");
    await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false);
    await own.close();
  });
});

async function writeBrokenSdist(into: string): Promise<string> {
  const source = join(into, "broken-1.0");
  await mkdir(source, { recursive: true });
  await writeFile(
    join(source, "pyproject.toml"),
    '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "broken"\nversion = "1.0"\n',
  );
  const raise = 'raise RuntimeError("the compiler has left the building")';
  await writeFile(join(source, "backend.py"), `def build_wheel(*a, **k):\n    ${raise}\n`);
  execFileSync("tar", ["czf", "broken-1.0.tar.gz", "broken-1.0"], { cwd: into });
  return join(into, "broken-1.0.tar.gz");
}

async function writeGitPackage(into: string): Promise<string> {
  const source = join(into, "gitdep");
  await mkdir(source, { recursive: true });
  await writeFile(
    join(source, "pyproject.toml"),
    '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "gitdep"\nversion = "1.0"\n',
  );
  await writeFile(
    join(source, "backend.py"),
    `import os, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    name, info = "gitdep-1.0-py3-none-any.whl", "gitdep-1.0.dist-info/"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("gitdep.py", "x = 1\\n")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: gitdep\\nVersion: 1.0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return name
`,
  );
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.email=test@localhost", "-c", "user.name=test", ...args], {
      cwd: source,
    });
  git("init", "--quiet");
  git("add", ".");
  git("commit", "--quiet", "-m", "first");
  return source;
}
