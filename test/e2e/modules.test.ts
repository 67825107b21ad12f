import { existsSync } from "node:fs";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Module,
  Module_State,
  type ModuleSpec,
  WatchModulesResponse_Type,
} from "@podule/proto/podule/v1/modules.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failure } from "../stack/call-failure.ts";
import { appeared, written } from "../stack/files.ts";
import { moduleWhen, spec } from "../stack/modules.ts";
import { useStack } from "../stack/use-stack.ts";
import { int, plain, str } from "../stack/values.ts";

const running = useStack({ probe: true });
const modules = () => running.stack.connection.modules;
const create = (moduleId: string, fields: Partial<ModuleSpec> = {}) =>
  modules().createModule({ moduleId, module: { spec: spec(fields) } });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "podule-e2e-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("create", () => {
  test("answers at once, then moves to READY with its times", async () => {
    const created = await create("colorsys");
    expect(created.name).toBe("modules/colorsys");
    expect(created.uid).not.toBe("");
    expect(created.etag).not.toBe("");
    expect(created.generation).toBe(1n);
    const ready = await moduleWhen(running.stack.connection, "modules/colorsys", Module_State.READY);
    // A lock or an environment that the cache has is not made again.
    const states = ready.status?.transitions.map((transition) => transition.state) ?? [];
    expect(states.slice(-2)).toEqual([Module_State.STARTING, Module_State.READY]);
    expect(states).toEqual([...new Set(states)].toSorted((a, b) => a - b));
    const times = ready.status?.transitions.map(
      ({ time }) => Number(time?.seconds) + Number(time?.nanos) / 1e9,
    );
    expect(times).toEqual(times?.toSorted((a, b) => a - b));
    expect(ready.status?.pods).toHaveLength(1);
    expect(ready.status?.pythonVersion).toMatch(/^3\.\d+\.\d+/);
    expect(ready.status?.environment).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(ready.status?.observedGeneration).toBe(1n);
  });

  test("the same spec again is the same module; another spec says what differs", async () => {
    const first = await create("fractions", { libCpuReq: "1" });
    const second = await create("fractions", { libCpuReq: "1" });
    expect(second.uid).toBe(first.uid);
    const error = await failure(create("fractions", { libCpuReq: "2", workers: 3 }));
    expect(error.code).toBe("ALREADY_EXISTS");
    expect(error.details).toContain("lib_cpu_req");
    expect(error.details).toContain("workers");
    expect(error.domain).toBe("podule.dev");
  });

  test.each(["", "a/b", "../up", "a..b", "-a", "a-", "a b", "x".repeat(64), "é"])(
    "refuses the id %j",
    async (moduleId) => {
      const error = await failure(create(moduleId));
      expect(error.code).toBe("INVALID_ARGUMENT");
      expect(error.fields).toEqual(["module_id"]);
    },
  );

  test("names every bad field of a spec", async () => {
    const bad = { libCpuReq: "lots", libMemSizeLimit: "-1Gi", workers: 65, dependency: ["no requirement!"] };
    const error = await failure(create("badspec", bad));
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(error.fields).toEqual(
      expect.arrayContaining([
        expect.stringContaining("lib_cpu_req"),
        expect.stringContaining("lib_mem_size_limit"),
        expect.stringContaining("workers"),
        expect.stringContaining("dependency"),
      ]),
    );
  });

  test("validate_only resolves and makes nothing", async () => {
    await modules().createModule({ moduleId: "heapq", validateOnly: true });
    const error = await failure(modules().getModule({ name: "modules/heapq" }));
    expect(error.code).toBe("NOT_FOUND");
    const impossible = await failure(
      modules().createModule({
        moduleId: "impossible",
        module: { spec: spec({ dependency: ["idna==3.7", "idna==3.6"] }) },
        validateOnly: true,
      }),
    );
    expect(impossible.details).toContain("idna");
  });
});

describe("list", () => {
  test("pages through all in the order of their names", async () => {
    for (const id of ["page-c", "page-a", "page-b"]) await create(id, { importName: "math" });
    const names: string[] = [];
    let pageToken = "";
    do {
      const page = await modules().listModules({ pageSize: 2, pageToken, filter: 'name : "page-"' });
      expect(page.modules.length).toBeLessThanOrEqual(2);
      names.push(...page.modules.map((module) => module.name));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(names).toEqual(["modules/page-a", "modules/page-b", "modules/page-c"]);
  });

  test("filters, and says what is wrong with a filter", async () => {
    await moduleWhen(running.stack.connection, "modules/page-a", Module_State.READY);
    const { modules: found } = await modules().listModules({
      filter: 'status.state = READY AND spec.import_name = "math" AND NOT name = "modules/page-b"',
    });
    expect(found.map((module) => module.name)).toContain("modules/page-a");
    expect(found.map((module) => module.name)).not.toContain("modules/page-b");
    for (const filter of ["status.state =", "unknown = 1", "(name = a", `${"(".repeat(5000)}`]) {
      const error = await failure(modules().listModules({ filter }));
      expect([error.code, error.fields]).toEqual(["INVALID_ARGUMENT", ["filter"]]);
    }
    for (const request of [{ pageSize: -1 }, { pageToken: "made up" }])
      expect((await failure(modules().listModules(request))).code).toBe("INVALID_ARGUMENT");
  });
});

describe("update", () => {
  test("only the masked field; new calls go to the new pod, running ones end on the old", async () => {
    const { stack } = running;
    const name = "modules/probe";
    const before = await modules().getModule({ name });
    const [started, release] = [join(folder, "held"), join(folder, "release")];
    const held = stack.connection.call("probe", "hold", [str(started), str(release)]);
    await appeared(started);
    const updated = await modules().updateModule({
      module: { name, spec: spec({ workers: 2, libCpuReq: "7" }), etag: before.etag },
      updateMask: ["spec.workers"],
    });
    expect(updated.generation).toBe(before.generation + 1n);
    expect(updated.spec?.workers).toBe(2);
    expect(updated.spec?.libCpuReq).not.toBe("7");
    expect(updated.spec?.path).toBe(before.spec?.path);
    const ready = await moduleWhen(
      stack.connection,
      name,
      (module) =>
        module.status?.state === Module_State.READY &&
        module.status.observedGeneration === updated.generation,
    );
    const call = await stack.connection.call("probe", "parent_pid");
    expect(plain(call)).toEqual(expect.any(Number));
    expect(ready.status?.pods).not.toEqual(before.status?.pods);
    await writeFile(release, "");
    expect(plain(await held)).toBe("held");
  });

  test("a stale etag, an unknown path and a missing module are refused", async () => {
    await create("stale", { importName: "math" });
    const stale = await failure(
      modules().updateModule({ module: { name: "modules/stale", etag: "old", spec: spec({ workers: 2 }) } }),
    );
    expect(stale.code).toBe("ABORTED");
    const unknown = await failure(
      modules().updateModule({
        module: { name: "modules/stale", spec: spec({ workers: 2 }) },
        updateMask: ["spec.nothing"],
      }),
    );
    expect(unknown.code).toBe("INVALID_ARGUMENT");
    expect(unknown.fields).toEqual([expect.stringContaining("update_mask")]);
    const missing = await failure(
      modules().updateModule({ module: { name: "modules/nobody", spec: spec({ workers: 2 }) } }),
    );
    expect(missing.code).toBe("NOT_FOUND");
  });
});

test("delete: running calls end, new ones are refused meanwhile, then module and pod are gone", async () => {
  const { stack } = running;
  await cp(join(import.meta.dirname, "../modules/probe.py"), join(folder, "doomed.py"));
  await create("doomed", { path: join(folder, "doomed.py") });
  const [started, release] = [join(folder, "doomed-held"), join(folder, "doomed-release")];
  const held = stack.connection.call("doomed", "hold", [str(started), str(release)]);
  await appeared(started);
  const pid = await written(started);
  const deleted = modules().deleteModule({ name: "modules/doomed" });
  const draining = await moduleWhen(stack.connection, "modules/doomed", Module_State.DRAINING);
  expect(draining.status?.state).toBe(Module_State.DRAINING);
  const refused = await failure(stack.connection.call("doomed", "pid"));
  expect(["UNAVAILABLE", "FAILED_PRECONDITION", "NOT_FOUND"]).toContain(refused.code);
  await writeFile(release, "");
  expect(plain(await held)).toBe("held");
  await deleted;
  await moduleWhen(stack.connection, "modules/doomed", "DELETED");
  expect((await failure(modules().getModule({ name: "modules/doomed" }))).code).toBe("NOT_FOUND");
  expect(existsSync(`/proc/${pid}`)).toBe(false);
});

test("watch: what is there, SYNCED, then changes", async () => {
  const abort = new AbortController();
  const seen: [string, string][] = [];
  try {
    for await (const event of modules().watchModules(
      { filter: 'name : "watched"' },
      { signal: abort.signal },
    )) {
      const type = Object.entries(WatchModulesResponse_Type).find(([, number]) => number === event.type)?.[0];
      seen.push([type ?? "", event.module?.name ?? ""]);
      if (type === "SYNCED") await create("watched", { importName: "math" });
      const state = event.module?.status?.state;
      if (type === "MODIFIED" && state === Module_State.READY)
        await modules().deleteModule({ name: "modules/watched" });
      if (type === "DELETED") break;
    }
  } finally {
    abort.abort();
  }
  expect(seen[0]).toEqual(["SYNCED", ""]);
  expect(seen[1]).toEqual(["ADDED", "modules/watched"]);
  expect(seen.at(-1)).toEqual(["DELETED", "modules/watched"]);
});

describe("own code", () => {
  test("a package folder, copied when it is created", async () => {
    const source = join(folder, "probe_package");
    await cp(join(import.meta.dirname, "../modules/probe_package"), source, { recursive: true });
    await create("probe_package", { path: source });
    const { connection } = running.stack;
    expect(plain(await connection.call("probe_package", "area", [int(3), int(4)]))).toBe(12);
    expect(plain(await connection.call("probe_package", "deep.inner.answer"))).toBe(42);
    await writeFile(join(source, "deep/inner.py"), "def answer():\n    return 43\n");
    expect(plain(await connection.call("probe_package", "deep.inner.answer"))).toBe(42);
    expect(plain(await connection.call("probe_package", "where"))).not.toContain(source);
  });

  test("new code comes with an update of the path", async () => {
    const source = join(folder, "changing.py");
    const { connection } = running.stack;
    await writeFile(source, "def answer():\n    return 1\n");
    await create("changing", { path: source });
    expect(plain(await connection.call("changing", "answer"))).toBe(1);
    await writeFile(source, "def answer():\n    return 2\n");
    const { generation } = await modules().updateModule({
      module: { name: "modules/changing", spec: spec({ path: source }) },
      updateMask: ["spec.path"],
    });
    await moduleWhen(
      connection,
      "modules/changing",
      (module) =>
        module.status?.observedGeneration === generation && module.status?.state === Module_State.READY,
    );
    expect(plain(await connection.call("changing", "answer"))).toBe(2);
  });

  test.each(["relative.py", "/nowhere/at/all.py", "/etc/../etc/passwd", "/proc/self/mem"])(
    "refuses the path %s",
    async (path) => {
      const error = await failure(create("badpath", { path }));
      expect(["INVALID_ARGUMENT", "FAILED_PRECONDITION", "NOT_FOUND"]).toContain(error.code);
    },
  );
});

test("Module encodes and decodes what the manager answers", async () => {
  const module = await modules().getModule({ name: "modules/probe" });
  expect(Module.decode(Module.encode(module).finish())).toEqual(module);
});
