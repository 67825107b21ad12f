import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parsePythonFacts } from "./python-facts.ts";

const script = fileURLToPath(new URL("python_facts.py", import.meta.url));
const candidates = ["python3", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13"];

function ask(python: string): string | undefined {
  try {
    return execFileSync(python, ["-I", "-B", script], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return undefined;
  }
}

describe("the facts of an interpreter", () => {
  const answers = candidates.map((python) => ask(python)).filter((answer) => answer !== undefined);

  it("come from every Python that is here", () => {
    expect(answers.length).toBeGreaterThan(0);
    for (const answer of answers) {
      const facts = parsePythonFacts(answer, "file");
      expect(facts?.version).toMatch(/^3\.\d+\.\d+/);
      expect(facts?.stdlib).toEqual(expect.arrayContaining(["json", "sys", "math", "asyncio", "zoneinfo"]));
      expect(facts?.stdlib).not.toContain("numpy");
    }
  });

  it("are refused when they are not whole", () => {
    for (const text of ["", "{}", "[]", '{"path":"relative"}'])
      expect(parsePythonFacts(text, "file")).toBeUndefined();
  });
});
