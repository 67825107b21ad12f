import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { moduleIdProblem } from "../modules/module-id.ts";
import { idOfObjectName, labelOf, objectNameOf } from "./module-names.ts";

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const ids = fc
  .stringMatching(/^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9_])?$/)
  .filter((id) => moduleIdProblem(id) === undefined);
const oddIds = fc
  .array(fc.constantFrom("a", "B", "0", "1", "_", "-", ".", "--"), { minLength: 1, maxLength: 30 })
  .map((parts) => parts.join(""))
  .filter((id) => moduleIdProblem(id) === undefined);

describe("names of Module objects", () => {
  it.each([
    ["numpy", "numpy"],
    ["scipy.linalg", "scipy.linalg"],
    ["my-module", "my-module"],
    ["PIL", "pil--7"],
    ["my_module", "my-module--4"],
    ["_x", "0x--1"],
    ["a--b", "a--b--0"],
    ["a._b", "a.0b--4"],
  ])("of %s is %s", (id, name) => {
    expect(objectNameOf(id)).toBe(name);
    expect(idOfObjectName(name)).toBe(id);
  });

  it("are DNS subdomains from which the id comes back", () => {
    fc.assert(
      fc.property(fc.oneof(ids, oddIds), (id) => {
        const name = objectNameOf(id);
        expect(name).toMatch(SUBDOMAIN);
        expect(name.length).toBeLessThanOrEqual(78);
        expect(idOfObjectName(name)).toBe(id);
      }),
      { numRuns: 2000 },
    );
  });

  it("that no id has are told apart", () => {
    for (const name of ["a--", "a--b", "a--zzzzzzzzzzzzzzzz", "PIL", "pil--07", "a--0", "x".repeat(64)])
      expect(idOfObjectName(name), name).toBeUndefined();
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9.-]{1,40}$/), (name) => {
        const id = idOfObjectName(name);
        if (id !== undefined) expect(objectNameOf(id)).toBe(name);
      }),
    );
  });
});

describe("labels", () => {
  it("are DNS labels, one for each id", () => {
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(fc.oneof(ids, oddIds), (id) => {
        const label = labelOf(id);
        expect(label).toMatch(LABEL);
        expect(label.length).toBeLessThanOrEqual(50);
        expect(seen.get(label) ?? id).toBe(id);
        seen.set(label, id);
      }),
      { numRuns: 2000 },
    );
  });

  it("are the names where those will do", () => {
    expect(labelOf("numpy")).toBe("numpy");
    expect(labelOf("my_module")).toBe("my-module--4");
    expect(labelOf("scipy.linalg")).toMatch(/^scipy-linalg-[0-9a-f]{10}$/);
  });
});
