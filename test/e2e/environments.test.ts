import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Module_State, type ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CallFailure, failure } from "../stack/call-failure.ts";
import { moduleWhen, spec } from "../stack/modules.ts";
import { tool } from "../stack/tools.ts";
import { useStack } from "../stack/use-stack.ts";
import { float64s, json, plain, str } from "../stack/values.ts";

const running = useStack();
const create = (moduleId: string, fields: Partial<ModuleSpec> = {}) =>
  running.stack.connection.modules.createModule({ moduleId, module: { spec: spec(fields) } });
const call = (...args: Parameters<typeof running.stack.connection.call>) =>
  running.stack.connection.call(...args);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "podule-e2e-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A module that must fail: within seconds, with the words in its status, and for the calls that wait as well. */
async function fails(id: string, fields: Partial<ModuleSpec>, words: RegExp): Promise<CallFailure> {
  const start = performance.now();
  await create(id, fields);
  const waiting = failure(call(id, "anything", [], { timeoutMs: 60_000 }));
  const failed = await moduleWhen(running.stack.connection, `modules/${id}`, Module_State.FAILED);
  const seconds = (performance.now() - start) / 1000;
  console.log(`${id}: FAILED after ${seconds.toFixed(2)} s: ${firstLine(failed.status?.error?.message)}`);
  expect(failed.status?.error?.message).toMatch(words);
  expect(failed.status?.transitions.at(-1)?.state).toBe(Module_State.FAILED);
  expect(seconds).toBeLessThan(30);
  const answer = await waiting;
  expect(answer.details).toMatch(words);
  expect(answer.domain).toBe("podule.dev");
  expect(answer.reason).toMatch(/^[A-Z][A-Z_]+$/);
  const later = await failure(call(id, "anything"));
  expect(later.details).toMatch(words);
  return answer;
}

function firstLine(text = ""): string {
  return text.split("\n").slice(0, 3).join(" | ").slice(0, 200);
}

async function recovers(id: string, fields: Partial<ModuleSpec>, updateMask: string[]): Promise<void> {
  const { generation } = await running.stack.connection.modules.updateModule({
    module: { name: `modules/${id}`, spec: spec(fields) },
    updateMask,
  });
  const ready = await moduleWhen(
    running.stack.connection,
    `modules/${id}`,
    (module) =>
      module.status?.observedGeneration === generation && module.status?.state === Module_State.READY,
  );
  expect(ready.status?.error).toBeUndefined();
}

describe("a broken environment", () => {
  test("a package that does not exist, and the update that corrects it", async () => {
    const dependency = ["podule-no-such-package-at-all"];
    const error = await fails("idna", { dependency }, /podule-no-such-package-at-all/);
    expect(error.code).toBe("FAILED_PRECONDITION");
    await recovers("idna", { dependency: ["idna==3.7"] }, ["spec.dependency"]);
    expect(plain(await call("idna", "encode", [str("é.com")]))).toEqual(Buffer.from("xn--9ca.com"));
  });

  test("versions that conflict: the resolver's words", () =>
    fails("conflict", { importName: "idna", dependency: ["idna==3.7", "idna==3.6"] }, /idna==3\.[67]/));

  test("a source distribution that does not build: the build's words", () =>
    fails("sklearn", { dependency: ["sklearn==0.0.post12"] }, /scikit-learn|sklearn/));

  test("a module that fails to import: Python's words and traceback", async () => {
    const path = join(folder, "broken_import.py");
    await writeFile(path, "import json\nraise RuntimeError('the import went wrong here')\n");
    const error = await fails("broken_import", { path }, /RuntimeError.*the import went wrong here/s);
    expect(error.traceback).toContain("broken_import.py");
    await writeFile(path, "def fine():\n    return 'fine'\n");
    await recovers("broken_import", { path }, ["spec.path"]);
    expect(plain(await call("broken_import", "fine"))).toBe("fine");
  });

  test("an import that ends the process", async () => {
    const path = join(folder, "exiting_import.py");
    await writeFile(path, "import os\nos._exit(3)\n");
    await fails("exiting_import", { path }, /import|exit/i);
  });

  test("a module that the package does not have", () =>
    fails("no_such_module_here", { dependency: ["idna==3.7"] }, /No module named 'no_such_module_here'/));

  test("a Python that uv does not find", () =>
    fails("pythonless", { importName: "math", python: "3.4" }, /3\.4/));

  test("of a call that makes its module itself", async () => {
    const error = await failure(call("podule_no_such_package_at_all", "f"));
    expect(error.details).toContain("podule");
    expect(["FAILED_PRECONDITION", "NOT_FOUND"]).toContain(error.code);
  });
});

test("modules with conflicting versions, side by side, installed at the same time", async () => {
  const versions = ["2024.1", "2024.2", "2025.1", "2025.2"];
  const created = versions.map((version) =>
    create(`pytz-${version}`, { importName: "pytz", dependency: [`pytz==${version}`] }),
  );
  await Promise.all(created);
  // A constant answers its value.
  const found = await Promise.all(versions.map((version) => call(`pytz-${version}`, "VERSION")));
  expect(found.map(plain)).toEqual(versions);
});

test("another Python than the first", async () => {
  const version = await lastPython();
  const created = await create("platform", { python: version });
  expect(created.spec?.python).toBe(version);
  expect(plain(await call("platform", "python_version"))).toBe(version);
});

/** Of those that uv finds here; the same as the first where there is one only. */
async function lastPython(): Promise<string> {
  const args = ["python", "list", "--only-installed", "--output-format", "json"];
  const { stdout } = await promisify(execFile)(await tool("uv"), args);
  const found: unknown = JSON.parse(stdout);
  const versions = (Array.isArray(found) ? found : []).map((one: unknown) => fieldOf(one, "version"));
  const usable = versions.filter((version) => /^3\.(9|\d\d)\.\d+$/.test(version));
  return usable.at(-1) ?? "";
}

function fieldOf(object: unknown, name: string): string {
  return typeof object === "object" && object !== null ? String(Reflect.get(object, name)) : "";
}

test("the first call of a module whose environment is cached: well under a second", async () => {
  await create("numpy", { dependency: ["numpy"] });
  expect(plain(await call("numpy", "sum", [float64s([1, 2, 3])]))).toBe(6);
  const start = performance.now();
  await create("numpy-again", { importName: "numpy", dependency: ["numpy"] });
  expect(plain(await call("numpy-again", "sum", [json([1, 2, 3, 4])]))).toBe(10);
  const ms = performance.now() - start;
  console.log(`first call of numpy in a cached environment: ${ms.toFixed(0)} ms`);
  expect(ms).toBeLessThan(3000);
  const [one, two] = await Promise.all(
    ["modules/numpy", "modules/numpy-again"].map((name) =>
      running.stack.connection.modules.getModule({ name }),
    ),
  );
  expect(one?.status?.environment).toMatch(/^sha256:/);
  expect(one?.status?.environment).toBe(two?.status?.environment);
});
