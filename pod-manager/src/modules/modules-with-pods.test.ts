import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reasonOf } from "@podule/grpc";
import { type Module, Module_State } from "@podule/proto/podule/v1/modules.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEnvironments } from "../environments/environments.ts";
import { findUv } from "../environments/testing/find-uv.ts";
import { createLocalPods } from "../pods/local/local-pods.ts";
import type { PodBackend } from "../pods/pod-backend.ts";
import { eventually } from "./testing/eventually.ts";
import { type StartedModules, startModules } from "./testing/start-modules.ts";

const uv = findUv();

describe.skipIf(uv === undefined)("modules on real pods in real environments", { timeout: 180_000 }, () => {
  let folder: string;
  let runDir: string;
  let pods: PodBackend;
  let started: StartedModules;
  const find = (id: string): Module | undefined => started.modules.directory.getModule(id);
  const reaches = (id: string, state: Module_State, generation = 1n) =>
    eventually(() => {
      const module = find(id);
      return module?.status?.state === state && module.status.observedGeneration === generation && module;
    }, 90_000);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "podule-it-"));
    runDir = await mkdtemp(join(tmpdir(), "pit-"));
    pods = createLocalPods({ runDir, drainGraceMs: 5000 });
    const environments = createEnvironments({ cacheDir: join(folder, "cache"), uv: uv ?? "uv" });
    started = await startModules({ pods, environments });
  });
  afterAll(async () => {
    await started[Symbol.asyncDispose]();
    await pods.close();
    for (const made of [folder, runDir]) await rm(made, { recursive: true, force: true });
  });

  it("brings up a package, replaces its pod for an update, and deletes it", async () => {
    const { client } = started;
    await client.createModule({ moduleId: "six", module: { spec: { dependency: ["six==1.16.0"] } } });
    const first = await reaches("six", Module_State.READY);
    await client.updateModule({ module: { name: "modules/six", spec: { dependency: ["six==1.17.0"] } } });
    const second = await reaches("six", Module_State.READY, 2n);
    expect(second.status?.environment).not.toBe(first.status?.environment);
    expect(second.status?.pods).not.toEqual(first.status?.pods);
    await client.deleteModule({ name: "modules/six" });
    expect(find("six")).toBeUndefined();
  });

  it("shows Python's own words for an import that raises, and recovers by an update", async () => {
    const { client } = started;
    const path = join(folder, "model.py");
    await writeFile(path, 'raise RuntimeError("no model today")\n');
    await client.createModule({ moduleId: "model", module: { spec: { path } } });
    const failed = await reaches("model", Module_State.FAILED);
    expect(failed.status?.error?.message).toContain("no model today");
    await writeFile(path, "def answer():\n    return 42\n");
    await client.updateModule({ module: { name: "modules/model", spec: { path } } });
    await reaches("model", Module_State.READY, 2n);
  });

  it("says of a package without the module that it has none", async () => {
    await started.client.createModule({ moduleId: "nothere", module: { spec: { dependency: ["six"] } } });
    const failed = await reaches("nothere", Module_State.FAILED);
    expect(failed.status?.error === undefined ? "" : reasonOf(failed.status.error)).toBe("MODULE_NOT_FOUND");
  });

  it("replaces a pod that is gone", async () => {
    started.modules.directory.ensureModule("json");
    const { status } = await reaches("json", Module_State.READY);
    const [name = ""] = status?.pods ?? [];
    await pods.deletePod(name);
    const again = await eventually(() => {
      const now = find("json")?.status;
      return now?.state === Module_State.READY && now.pods[0] !== name && now;
    }, 60_000);
    expect(again.pods).toHaveLength(1);
  });
});
