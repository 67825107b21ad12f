import { readFileSync } from "node:fs";
import { rpcStatus } from "@podule/grpc";
import { ModuleSpec, ModuleStatus, Scaling, Module_State as State } from "@podule/proto/podule/v1/modules.ts";
import { Status } from "nice-grpc";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { jsonFieldsOf, specFromJson, specToJson, statusToJson } from "./message-json.ts";
import { FINALIZER, type ModuleObject, readModuleObject } from "./module-object.ts";
import { newObject, specPatch, statusApply } from "./module-writes.ts";

interface Fields {
  readonly name?: string;
  readonly generation?: number;
  readonly spec?: unknown;
  readonly status?: unknown;
  readonly deletionTimestamp?: string;
}

function read({
  name = "numpy",
  generation = 1,
  spec = {},
  status,
  deletionTimestamp,
}: Fields): ModuleObject {
  const object = readModuleObject({
    metadata: {
      name,
      generation,
      uid: "u",
      resourceVersion: "5",
      finalizers: [FINALIZER],
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
    spec,
    ...(status === undefined ? {} : { status }),
  });
  if (object === undefined) throw new Error("no object");
  return object;
}

const statusOf = (object: ModuleObject, now = new Date(1e12)): unknown =>
  JSON.parse(JSON.stringify(statusApply(object, object.module, now))).status;

describe("a Module object", () => {
  it("is the module of its name", () => {
    const { module, id } = read({
      name: "my-module--4",
      spec: { importName: "x", scaling: { idleTimeout: "5s" } },
    });
    expect(id).toBe("my_module");
    expect(module.name).toBe("modules/my_module");
    expect(module.spec?.scaling?.idleTimeout?.seconds).toBe(5n);
    expect(module.status?.state).toBe(State.RESOLVING);
    expect(read({ name: "a--zz" }).id).toBeUndefined();
  });

  it("comes back from its JSON as it was", () => {
    const spec = ModuleSpec.create({
      dependency: ["numpy"],
      workers: 3,
      scaling: Scaling.create({ maxPods: 4, idleTimeout: { seconds: 1n, nanos: 5e8 } }),
    });
    expect(specToJson(specFromJson(specToJson(spec)))).toEqual(specToJson(spec));
    expect(newObject("PIL", "ns", spec)).toMatchObject({
      metadata: { name: "pil--7", finalizers: [FINALIZER], annotations: { "podule.dev/module-id": "PIL" } },
      spec: { dependency: ["numpy"], workers: 3, scaling: { maxPods: 4, idleTimeout: "1.500s" } },
    });
  });

  it("has a generation that only what pods are made from changes", () => {
    const first = read({ generation: 3, spec: { workers: 2 } });
    expect(first.module.generation).toBe(3n);
    const status = statusOf(first);
    const scaled = read({ generation: 4, spec: { workers: 2, scaling: { maxPods: 3 } }, status });
    expect(scaled.module.generation).toBe(3n);
    expect(scaled.module.etag).not.toBe(first.module.etag);
    const changed = read({ generation: 5, spec: { workers: 4 }, status });
    expect(changed.module.generation).toBe(5n);
    expect(changed.module.status?.observedGeneration).toBe(3n);
    expect(read({ generation: 5, spec: { workers: 2, refresh: "now" }, status }).module.generation).toBe(5n);
    expect(read({ generation: 9, spec: { workers: 2 }, status }).module.status?.observedGeneration).toBe(3n);
  });

  it("drains when it is deleted, and fails with a spec that cannot be read", () => {
    expect(read({ deletionTimestamp: "2026-01-02T00:00:00Z" }).module.status?.state).toBe(State.DRAINING);
    const broken = read({ spec: { workers: "many" } }).module;
    expect(broken.status?.state).toBe(State.FAILED);
    expect(broken.status?.error?.message).toMatch(/workers/);
  });

  it("gets a status with conditions whose times stay until they change", () => {
    const object = read({});
    const error = rpcStatus(Status.NOT_FOUND, "DEPENDENCY_NOT_FOUND", "no such package");
    const failed = { ...object.module, status: ModuleStatus.create({ state: State.FAILED, error }) };
    const written = JSON.parse(JSON.stringify(statusApply(object, failed, new Date(1000))));
    expect(written.metadata).toMatchObject({ resourceVersion: "5", uid: "u" });
    expect(written.status.conditions[0]).toMatchObject({
      type: "Ready",
      status: "False",
      reason: "DependencyNotFound",
      message: "no such package",
      lastTransitionTime: "1970-01-01T00:00:01.000Z",
    });
    const again = read({ status: written.status });
    const rewritten = JSON.parse(JSON.stringify(statusApply(again, again.module, new Date(9000))));
    expect(rewritten.status).toEqual(written.status);
  });

  it("is changed only as it was read", () => {
    expect(specPatch(read({ generation: 7 }), ModuleSpec.create(), "")).toMatchObject([
      { op: "test", path: "/metadata/uid", value: "u" },
      { op: "test", path: "/metadata/generation", value: 7 },
      { op: "add", path: "/spec" },
    ]);
  });
});

describe("the custom resource definition", () => {
  const file = new URL("../../../k8s/base/module-crd.yaml", import.meta.url);
  const [version] = parse(readFileSync(file, "utf8")).spec.versions;
  const { spec, status } = version.schema.openAPIV3Schema.properties;
  const below = (name: string) => Object.keys(spec.properties[name].properties).sort();

  it("knows every field of the API", () => {
    const own = ["refresh"];
    const local = ["path"];
    const api = jsonFieldsOf("podule.v1.ModuleSpec").filter((field) => !local.includes(field));
    expect(Object.keys(spec.properties).sort()).toEqual([...api, ...own].sort());
    expect(below("scaling")).toEqual([...jsonFieldsOf("podule.v1.Scaling")].sort());
    expect(below("quotas")).toEqual([...jsonFieldsOf("podule.v1.Quotas")].sort());
    expect(below("recycling")).toEqual([...jsonFieldsOf("podule.v1.Recycling")].sort());
    expect(below("concurrency")).toEqual([...jsonFieldsOf("podule.v1.Concurrency")].sort());
    expect(below("sessionLimits")).toEqual([...jsonFieldsOf("podule.v1.SessionLimits")].sort());
    const known = Object.keys(status.properties);
    expect(known).toEqual(expect.arrayContaining([...jsonFieldsOf("podule.v1.ModuleStatus")]));
    expect(Object.keys(Object(statusToJson(ModuleStatus.create({ pods: ["pods/a"] }))))).toEqual(["pods"]);
  });
});
