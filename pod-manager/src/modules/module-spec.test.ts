import { ModuleSpec, Scaling } from "@podule/proto/podule/v1/modules.ts";
import { describe, expect, it } from "vitest";
import { scalingSettings } from "../scale/settings.ts";
import { moduleIdProblem } from "./module-id.ts";
import { effectiveSpec, specDifference, specViolations } from "./module-spec.ts";
import { parseQuantity } from "./quantity.ts";
import { maskedFields, mergeSpec } from "./update-mask.ts";
import { workerSettings } from "./worker-settings.ts";

const spec = (fields: Partial<ModuleSpec> = {}) => ModuleSpec.create(fields);
const fieldsOf = (id: string, fields: Partial<ModuleSpec>) =>
  specViolations(id, spec(fields)).map(({ field }) => field);

describe("module ids", () => {
  it.each(["numpy", "_x", "a", "scipy.linalg", "my-module_2", "A".repeat(63)])("takes %s", (id) => {
    expect(moduleIdProblem(id)).toBeUndefined();
  });
  it.each([
    "",
    ".",
    "..",
    "a..b",
    "a/b",
    "../x",
    "-a",
    "a-",
    "a.",
    ".a",
    "ñ",
    "a b",
    "a\n",
    "A".repeat(64),
    "%2e",
  ])("refuses %j", (id) => {
    expect(moduleIdProblem(id)).toBeTypeOf("string");
  });
});

describe("quantities", () => {
  it.each([
    ["500m", 0.5],
    ["2", 2],
    ["0.5", 0.5],
    ["512Mi", 512 * 2 ** 20],
    ["1Gi", 2 ** 30],
    ["1k", 1000],
    ["2e3", 2000],
    ["1E", 1e18],
  ])("%s is %d", (text, number) => {
    expect(parseQuantity(text)).toBeCloseTo(number, 9);
  });
  it.each(["", "-1", "1 Gi", "Mi", "1mi", "1MiB", "NaN", "0x10", "1,5", "٣", "1\n"])("refuses %j", (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  });
});

describe("a spec", () => {
  it("is checked field by field", () => {
    expect(fieldsOf("numpy", {})).toEqual([]);
    expect(fieldsOf("numpy", { dependency: ["numpy", "--pre"], libCpuReq: "much", workers: 65 })).toEqual([
      "module.spec.dependency[1]",
      "module.spec.lib_cpu_req",
      "module.spec.workers",
    ]);
    expect(fieldsOf("x", { libMemSizeReq: "1", libMemSizeLimit: "-1", python: "--version" })).toEqual([
      "module.spec.python",
      "module.spec.lib_mem_size_req",
      "module.spec.lib_mem_size_limit",
    ]);
    expect(fieldsOf("my-module", {})).toEqual(["module.spec.import_name"]);
    expect(fieldsOf("my-module", { importName: "scipy.linalg" })).toEqual([]);
    expect(fieldsOf("x", { importName: "os; import sys" })).toEqual(["module.spec.import_name"]);
    expect(fieldsOf("x", { path: "relative/model.py" })).toEqual(["module.spec.path"]);
    expect(fieldsOf("x", { path: "/src/model.py", importName: "other" })).toEqual([
      "module.spec.import_name",
    ]);
    expect(fieldsOf("x", { path: "/src/model", importName: "model.part" })).toEqual([]);
  });

  it("has the defaults that the API promises", () => {
    expect(effectiveSpec("numpy", spec())).toEqual({
      importName: "numpy",
      dependency: [],
      python: "",
      cpu: 0.5,
      memory: 512 * 2 ** 20,
      workerMemoryLimit: undefined,
      path: "",
      workers: 1,
      worker: workerSettings(spec()),
      scaling: scalingSettings(undefined),
      env: [],
      image: "",
    });
    expect(effectiveSpec("x", spec({ path: "/src/model.py", libCpuReq: "2500m" }))).toMatchObject({
      importName: "model",
      workers: 3,
    });
  });

  it("is the same as another one that means the same", () => {
    const a = spec({ dependency: ["b", "a"], libCpuReq: "500m" });
    const b = spec({ dependency: [" a", "b"], libCpuReq: "0.5", importName: "numpy", workers: 1 });
    expect(specDifference("numpy", a, b)).toEqual([]);
    expect(specDifference("numpy", a, spec({ dependency: ["a"], workers: 2 }))).toEqual([
      'spec.dependency is ["a","b"], asked for ["a"]',
      "spec.workers is 1, asked for 2",
    ]);
  });
});

describe("update masks", () => {
  it("name fields below spec", () => {
    const { fields, violations } = maskedFields(["spec.dependency", "spec.libCpuReq"], spec());
    expect([...fields]).toEqual(["dependency", "libCpuReq"]);
    expect(violations).toEqual([]);
    const all = [
      "dependency",
      "workers",
      "scaling",
      "isolation",
      "concurrency",
      "recycling",
      "sessionLimits",
    ];
    expect([...maskedFields(["spec"], spec()).fields]).toEqual(expect.arrayContaining(all));
  });

  it("name fields below scaling, and change those alone", () => {
    const { fields, violations } = maskedFields(
      ["spec.scaling.max_pods", "spec.scaling.idleTimeout"],
      spec(),
    );
    expect(violations).toEqual([]);
    const idleTimeout = { seconds: 9n, nanos: 0 };
    const before = spec({ scaling: Scaling.create({ minPods: 2, maxPods: 3, idleTimeout }) });
    const after = mergeSpec(before, spec({ scaling: Scaling.create({ minPods: 7, maxPods: 5 }) }), fields);
    expect(after.scaling).toEqual(Scaling.create({ minPods: 2, maxPods: 5 }));
    expect(before.scaling?.maxPods).toBe(3);
    expect(mergeSpec(spec(), after, fields).scaling).toEqual(Scaling.create({ maxPods: 5 }));
    const none = maskedFields(["spec.scaling"], spec()).fields;
    expect(mergeSpec(before, spec(), none).scaling).toBeUndefined();
    expect(maskedFields(["spec.scaling.pods"], spec()).violations).toHaveLength(1);
  });

  it("are every field that is not empty when there is none", () => {
    expect([...maskedFields(undefined, spec({ python: "3.12", workers: 2 })).fields]).toEqual([
      "python",
      "workers",
    ]);
  });

  it("refuse what cannot be updated", () => {
    const { violations } = maskedFields(["name", "spec.dependency", "spec.nothing", "status.state"], spec());
    expect(violations.map(({ field }) => field)).toEqual([
      "update_mask.paths[0]",
      "update_mask.paths[2]",
      "update_mask.paths[3]",
    ]);
  });

  it("merge only those fields", () => {
    const merged = mergeSpec(
      spec({ python: "3.11", dependency: ["a"] }),
      spec({ dependency: [] }),
      maskedFields(["spec.dependency"], spec()).fields,
    );
    expect(merged).toMatchObject({ python: "3.11", dependency: [] });
  });
});
