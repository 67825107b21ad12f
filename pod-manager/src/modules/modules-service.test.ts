import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { statusError } from "@podule/grpc";
import { BadRequest } from "@podule/proto/google/rpc/error_details.ts";
import { Status as RpcStatus } from "@podule/proto/google/rpc/status.ts";
import { Module_State, WatchModulesResponse_Type as Type } from "@podule/proto/podule/v1/modules.ts";
import { ClientError, type Metadata, Status } from "nice-grpc";
import { describe, expect, it } from "vitest";
import { eventually } from "./testing/eventually.ts";
import { createFakeEnvironments } from "./testing/fake-environments.ts";
import { createFakePods } from "./testing/fake-pods.ts";
import { startModules } from "./testing/start-modules.ts";

async function start(
  options: { outcome?: () => Promise<void>; autoReady?: boolean; autoCreate?: boolean } = {},
) {
  const pods = createFakePods({ autoReady: options.autoReady ?? true });
  const { environments, resolved } = createFakeEnvironments(options);
  const started = await startModules({
    pods: pods.backend,
    environments,
    autoCreate: options.autoCreate ?? true,
  });
  const stateOf = (id: string) => started.modules.directory.getModule(id)?.status?.state;
  const reaches = (id: string, state: Module_State) => eventually(() => stateOf(id) === state);
  return {
    ...started,
    started,
    pods,
    resolved,
    reaches,
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  };
}

async function failure(work: (onTrailer: (trailer: Metadata) => void) => Promise<unknown>) {
  let details: Uint8Array | string | undefined;
  const error = await work((trailer) => {
    details = trailer.get("grpc-status-details-bin");
  }).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof ClientError)) throw new Error(`No failure: ${String(error)}`);
  const status = typeof details === "object" ? RpcStatus.decode(details) : undefined;
  const bad = status?.details.find(({ typeUrl }) => typeUrl.endsWith("BadRequest"));
  const fields =
    bad === undefined ? [] : BadRequest.decode(bad.value).fieldViolations.map(({ field }) => field);
  return { code: error.code, message: error.details, fields };
}

describe("the Modules service", () => {
  it("makes a module once, and shows the difference to another spec", async () => {
    await using one = await start();
    const spec = { dependency: ["numpy==2.3.*"] };
    const made = await one.client.createModule({ moduleId: "numpy", module: { spec } });
    expect(made).toMatchObject({
      name: "modules/numpy",
      generation: 1n,
      status: { state: Module_State.RESOLVING },
    });
    const same = await one.client.createModule({
      moduleId: "numpy",
      module: { spec: { ...spec, workers: 1 } },
    });
    expect([same.uid, same.etag]).toEqual([made.uid, made.etag]);
    const other = await failure((onTrailer) =>
      one.client.createModule({ moduleId: "numpy", module: { spec: { python: "3.12" } } }, { onTrailer }),
    );
    expect(other.code).toBe(Status.ALREADY_EXISTS);
    expect(other.message).toContain('spec.dependency is ["numpy==2.3.*"], asked for []');
    expect(other.message).toContain('spec.python is "", asked for "3.12"');
    await one.reaches("numpy", Module_State.READY);
    const ready = await one.client.getModule({ name: "modules/numpy" });
    expect(ready.status).toMatchObject({
      observedGeneration: 1n,
      pythonVersion: "3.12.1",
      pods: ["pods/numpy-1"],
    });
    const states = ready.status?.transitions.map(({ state }) => state);
    expect(states).toEqual([
      Module_State.RESOLVING,
      Module_State.INSTALLING,
      Module_State.STARTING,
      Module_State.READY,
    ]);
  });

  it("names every field that is wrong", async () => {
    await using one = await start();
    const spec = { dependency: ["ok", "--pre"], libCpuReq: "x", path: "relative" };
    const bad = await failure((onTrailer) =>
      one.client.createModule({ moduleId: "numpy", module: { spec } }, { onTrailer }),
    );
    expect(bad.code).toBe(Status.INVALID_ARGUMENT);
    expect(bad.fields).toEqual(["module.spec.path", "module.spec.dependency[1]", "module.spec.lib_cpu_req"]);
    for (const moduleId of ["", "..", "a/b", "ü", "x".repeat(64)]) {
      const wrong = await failure((onTrailer) => one.client.createModule({ moduleId }, { onTrailer }));
      expect([wrong.code, wrong.fields]).toEqual([Status.INVALID_ARGUMENT, ["module_id"]]);
    }
    expect((await failure(() => one.client.getModule({ name: "numpy" }))).code).toBe(Status.INVALID_ARGUMENT);
    expect((await failure(() => one.client.getModule({ name: "modules/none" }))).code).toBe(Status.NOT_FOUND);
    expect((await failure(() => one.client.listModules({ filter: "x" }))).code).toBe(Status.INVALID_ARGUMENT);
    expect((await failure(() => one.client.updateModule({}))).code).toBe(Status.INVALID_ARGUMENT);
  });

  it("makes one module for many who ask at once", async () => {
    await using one = await start();
    const made = await Promise.all(
      Array.from({ length: 50 }, () => one.client.createModule({ moduleId: "json" })),
    );
    expect(new Set(made.map(({ uid }) => uid)).size).toBe(1);
    await one.reaches("json", Module_State.READY);
    expect(one.pods.active()).toHaveLength(1);
  });

  it("lists pages and filters", async () => {
    await using one = await start();
    for (const moduleId of ["b", "a", "c", "numpy"]) await one.client.createModule({ moduleId });
    const first = await one.client.listModules({ pageSize: 3 });
    expect(first.modules.map(({ name }) => name)).toEqual(["modules/a", "modules/b", "modules/c"]);
    const second = await one.client.listModules({ pageSize: 3, pageToken: first.nextPageToken });
    expect(second).toMatchObject({ modules: [{ name: "modules/numpy" }], nextPageToken: "" });
    await one.reaches("numpy", Module_State.READY);
    const some = await one.client.listModules({ filter: 'status.state = READY AND name : "num"' });
    expect(some.modules.map(({ name }) => name)).toEqual(["modules/numpy"]);
  });

  it("changes the scaling without another generation", async () => {
    await using one = await start();
    const made = await one.client.createModule({ moduleId: "x", module: { spec: { dependency: ["a"] } } });
    await one.reaches("x", Module_State.READY);
    const module = { name: "modules/x", spec: { scaling: { maxPods: 3 } } };
    const updated = await one.client.updateModule({ module: { ...module, etag: made.etag } });
    expect(updated).toMatchObject({
      generation: 1n,
      spec: { dependency: ["a"], scaling: { maxPods: 3 } },
      status: { state: Module_State.READY, observedGeneration: 1n },
    });
    expect(updated.etag).not.toBe(made.etag);
    expect(one.pods.active()).toHaveLength(1);
    const stale = { ...module, etag: made.etag, spec: { scaling: { maxPods: 4 } } };
    expect((await failure(() => one.client.updateModule({ module: stale }))).code).toBe(Status.ABORTED);
    await one.restart();
    expect((await one.client.getModule({ name: "modules/x" })).spec?.scaling?.maxPods).toBe(3);
    const both = await one.client.updateModule({
      module: { ...module, spec: { scaling: { maxPods: 5 }, dependency: ["b"] } },
    });
    expect(both.generation).toBe(2n);
  });

  it("updates the fields of the mask, and refuses a stale etag", async () => {
    await using one = await start();
    const spec = { dependency: ["a"], python: "3.12" };
    const made = await one.client.createModule({ moduleId: "x", module: { spec } });
    await one.reaches("x", Module_State.READY);
    const module = { name: "modules/x", etag: made.etag, spec: { dependency: ["b"], python: "3.9" } };
    const updated = await one.client.updateModule({ module, updateMask: ["spec.dependency"] });
    expect(updated).toMatchObject({ generation: 2n, spec: { dependency: ["b"], python: "3.12" } });
    expect(updated.etag).not.toBe(made.etag);
    expect((await failure(() => one.client.updateModule({ module }))).code).toBe(Status.ABORTED);
    const wrong = await failure((onTrailer) =>
      one.client.updateModule({ module: { ...module, etag: "" }, updateMask: ["spec.none"] }, { onTrailer }),
    );
    expect([wrong.code, wrong.fields]).toEqual([Status.INVALID_ARGUMENT, ["update_mask.paths[0]"]]);
    await eventually(() => one.pods.active().every(({ generation }) => generation === 2n));
    await one.reaches("x", Module_State.READY);
    const again = await one.client.updateModule({ module: { name: "modules/x", spec: { python: "3.12" } } });
    expect(again.generation).toBe(2n);
  });

  it("resolves again for an update that names the requirements", async () => {
    await using one = await start();
    await one.client.createModule({ moduleId: "x", module: { spec: { dependency: ["a"] } } });
    await one.reaches("x", Module_State.READY);
    const module = { name: "modules/x", spec: { dependency: ["a"], workers: 2 } };
    await one.client.updateModule({ module, updateMask: ["spec.workers"] });
    await eventually(() => one.resolved.length === 2);
    await one.client.updateModule({ module, updateMask: ["spec.dependency"] });
    await eventually(() => one.resolved.length === 3);
    expect(one.resolved.map(({ fresh }) => fresh)).toEqual([false, false, true]);
  });

  it("deletes when running calls have ended, and refuses changes meanwhile", async () => {
    await using one = await start();
    await one.client.createModule({ moduleId: "x" });
    await one.reaches("x", Module_State.READY);
    one.pods.hold();
    let gone = false;
    const first = one.client.deleteModule({ name: "modules/x" }).then(() => {
      gone = true;
    });
    const second = one.client.deleteModule({ name: "modules/x" });
    await one.reaches("x", Module_State.DRAINING);
    expect((await failure(() => one.client.createModule({ moduleId: "x" }))).code).toBe(
      Status.FAILED_PRECONDITION,
    );
    const update = { module: { name: "modules/x", spec: { workers: 2 } } };
    expect((await failure(() => one.client.updateModule(update))).code).toBe(Status.FAILED_PRECONDITION);
    expect(gone).toBe(false);
    one.pods.release();
    await Promise.all([first, second]);
    expect((await failure(() => one.client.getModule({ name: "modules/x" }))).code).toBe(Status.NOT_FOUND);
    const next = await one.client.createModule({ moduleId: "x" });
    expect(next.generation).toBe(1n);
    await one.reaches("x", Module_State.READY);
    expect((await failure(() => one.client.deleteModule({ name: "modules/x", etag: "old" }))).code).toBe(
      Status.ABORTED,
    );
  });

  it("ends a deletion that a restart met, and brings back the others", async () => {
    await using one = await start();
    const keeper = await one.client.createModule({ moduleId: "keeper", module: { spec: { workers: 2 } } });
    await one.client.createModule({ moduleId: "goner" });
    await one.reaches("goner", Module_State.READY);
    one.pods.hold();
    const deleted = failure(() => one.client.deleteModule({ name: "modules/goner" }));
    await one.reaches("goner", Module_State.DRAINING);
    for (const { name } of one.pods.active()) await one.pods.backend.deletePod(name);
    await one.started.restart();
    expect((await deleted).code).toBe(Status.UNAVAILABLE);
    await eventually(() => one.started.modules.directory.getModule("goner") === undefined);
    await eventually(
      () => one.started.modules.directory.getModule("keeper")?.status?.state === Module_State.READY,
    );
    const back = await one.client.getModule({ name: "modules/keeper" });
    expect([back.uid, back.spec?.workers, back.generation]).toEqual([keeper.uid, 2, 1n]);
  });

  it("watches: what is there, SYNCED, changes", async () => {
    await using one = await start();
    await one.client.createModule({ moduleId: "a" });
    await one.reaches("a", Module_State.READY);
    const stop = new AbortController();
    const seen: string[] = [];
    const watch = (async () => {
      for await (const { type, module } of one.client.watchModules(
        { filter: "name : b OR name : a" },
        { signal: stop.signal },
      ))
        seen.push(`${type} ${module?.name ?? ""}`);
    })().catch((error: unknown) => error);
    await eventually(() => seen.length === 2);
    expect(seen).toEqual([`${Type.ADDED} modules/a`, `${Type.SYNCED} `]);
    await one.client.createModule({ moduleId: "b" });
    await one.client.createModule({ moduleId: "c" });
    await eventually(() => seen.includes(`${Type.ADDED} modules/b`));
    await one.client.deleteModule({ name: "modules/a" });
    await eventually(() => seen.includes(`${Type.DELETED} modules/a`));
    expect(seen.join()).not.toContain("modules/c");
    stop.abort();
    await watch;
  });

  it("validates without making anything, with the resolver's words", async () => {
    let fails = false;
    await using one = await start({
      outcome: async () => {
        if (fails) throw statusError(Status.FAILED_PRECONDITION, "DEPENDENCY_NOT_FOUND", "x was not found");
      },
    });
    await one.client.createModule({ moduleId: "x", validateOnly: true });
    expect((await one.client.listModules({})).modules).toEqual([]);
    expect(one.resolved).toEqual([{ dependencies: [], fresh: true }]);
    fails = true;
    const refused = await failure(() => one.client.createModule({ moduleId: "x", validateOnly: true }));
    expect([refused.code, refused.message]).toEqual([Status.FAILED_PRECONDITION, "x was not found"]);
    const path = { moduleId: "x", module: { spec: { path: "/does/not/exist.py" } }, validateOnly: true };
    expect((await failure(() => one.client.createModule(path))).code).toBe(Status.INVALID_ARGUMENT);
  });

  it("copies the user's code when it is made and when path is updated", async () => {
    await using one = await start();
    const folder = await mkdtemp(join(tmpdir(), "podule-code-"));
    const path = join(folder, "model.py");
    await writeFile(path, "x = 1");
    await one.client.createModule({ moduleId: "m", module: { spec: { path } } });
    await one.reaches("m", Module_State.READY);
    const first = one.pods.templateOf("pods/m-1");
    expect(first?.importName).toBe("model");
    const same = await one.client.updateModule({ module: { name: "modules/m", spec: { path } } });
    expect(same.generation).toBe(1n);
    await writeFile(path, "x = 2");
    const updated = await one.client.updateModule({ module: { name: "modules/m", spec: { path } } });
    expect(updated.generation).toBe(2n);
    const second = await eventually(() => one.pods.templateOf("pods/m-2"));
    expect(second.sourceFolder).not.toBe(first?.sourceFolder);
    await eventually(() => first?.sourceFolder !== undefined && !existsSync(first.sourceFolder));
    expect(second.sourceFolder !== undefined && existsSync(second.sourceFolder)).toBe(true);
    await rm(folder, { recursive: true });
  });

  it("makes nothing that it cannot keep", async () => {
    await using one = await start();
    const folder = join(one.started.stateDir, "default", "modules");
    await rm(folder, { recursive: true });
    const refused = await failure(() => one.client.createModule({ moduleId: "x" }));
    expect([refused.code, one.started.modules.directory.getModule("x")]).toEqual([
      Status.UNAVAILABLE,
      undefined,
    ]);
    await mkdir(folder);
    await one.client.createModule({ moduleId: "x" });
    await one.reaches("x", Module_State.READY);
    await rm(folder, { recursive: true });
    const module = { name: "modules/x", spec: { workers: 2 } };
    expect((await failure(() => one.client.updateModule({ module }))).code).toBe(Status.UNAVAILABLE);
    expect((await failure(() => one.client.deleteModule({ name: "modules/x" }))).code).toBe(
      Status.UNAVAILABLE,
    );
    expect(await one.client.getModule({ name: "modules/x" })).toMatchObject({
      generation: 1n,
      spec: { workers: 0 },
    });
    await mkdir(folder);
  });

  it("makes modules for calls where that is allowed", async () => {
    await using one = await start();
    one.started.modules.directory.ensureModule("json");
    await one.reaches("json", Module_State.READY);
    for (let index = 0; index < 300; index++) one.started.modules.directory.ensureModule(`made_${index}`);
    await one.started.restart();
    expect(one.started.modules.directory.getModule("made_299")).toBeDefined();
    expect(() => one.started.modules.directory.ensureModule("a/b")).toThrow("module id");
    expect(() => one.started.modules.directory.ensureModule("my-module")).toThrow("cannot be imported");
    await using strict = await start({ autoCreate: false });
    expect(() => strict.started.modules.directory.ensureModule("json")).toThrow("There is no module");
  });
});
