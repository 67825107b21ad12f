import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pythonProblem, requirementProblem } from "./requirement.ts";

describe("requirementProblem", () => {
  it.each([
    "numpy",
    "numpy==2.3.*",
    "numpy>=1,<3",
    "requests[socks]>=2 ; python_version < '3.13'",
    "pkg @ https://example.org/pkg-1.0.tar.gz",
    "pkg @ git+https://example.org/pkg.git@v1",
    "zope.interface",
    "a",
    "numpy (>=1)",
    "A_b.c-d~=1.0",
  ])("lets uv judge %s", (requirement) => {
    expect(requirementProblem(requirement)).toBeUndefined();
  });

  it.each([
    "",
    "  ",
    "-r other.txt",
    "--index-url=http://x",
    " -e .",
    "six\n--pre",
    "six\r--pre",
    "six --hash=sha256:0",
    "six \\",
    "six # a comment",
    "six @ https://x/$".concat("{HOME}"),
    "./six",
    "/etc/passwd",
    "https://example.org/six.whl",
    "näme",
    "six\u2028",
    "x".repeat(2000),
  ])("refuses %j", (requirement) => {
    expect(requirementProblem(requirement)).toBeTypeOf("string");
  });

  it("passes nothing that is more than one plain line of a requirements file", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        if (requirementProblem(text) !== undefined) return;
        expect(text.trim()).toMatch(/^[A-Za-z0-9]/);
        expect(text).not.toMatch(/[\n\r\\]|\$\{|\s-|\s#/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("pythonProblem", () => {
  it.each(["", "3.12", ">=3.10", "pypy", "/usr/bin/python3", "cpython-3.12-linux"])("takes %j", (request) => {
    expect(pythonProblem(request)).toBeUndefined();
  });
  it.each(["--help", "3.12\n", " 3.12", "x".repeat(300), "3\0"])("refuses %j", (request) => {
    expect(pythonProblem(request)).toBeTypeOf("string");
  });
});
