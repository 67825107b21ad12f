import { reasonOf, StatusError } from "@podule/grpc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileFilter } from "./filter.ts";
import { type Expression, parseFilter } from "./filter-parser.ts";

interface Item {
  readonly name: string;
  readonly tags: readonly string[];
}
const fields = { name: (item: Item) => item.name, "spec.tags": (item: Item) => item.tags };
const matches = (filter: string, name: string, ...tags: string[]) =>
  compileFilter(filter, fields)({ name, tags });

describe("compileFilter", () => {
  it.each([
    ["", "x", true],
    ["name = x", "x", true],
    ['name="x"', "x", true],
    ["name = x", "y", false],
    ["name != x", "y", true],
    ["name : um", "numpy", true],
    ["name : 'um'", "nope", false],
    ["name < m", "a", true],
    ["name >= m", "a", false],
    ["NOT name = x", "x", false],
    ["-name = x", "y", true],
    ["name : a AND name : b", "ab", true],
    ["name : a AND name : b", "a", false],
    ["name = a OR name = b", "b", true],
    ["(name = a OR name = b) AND NOT name = b", "b", false],
    ["name = ANDROID", "ANDROID", true],
    ['name = "a \\"quoted\\" one"', 'a "quoted" one', true],
  ])("%s on %s is %s", (filter, name, expected) => {
    expect(matches(filter, name)).toBe(expected);
  });

  it("has OR bind tighter than AND, as AIP-160 says", () => {
    expect(matches("name : a AND name : b OR name : c", "ac")).toBe(true);
    expect(matches("name : a OR name : b AND name : c", "a")).toBe(false);
  });

  it("looks at every element of a repeated field", () => {
    expect(matches("spec.tags : num", "x", "scipy", "numpy==2")).toBe(true);
    expect(matches("spec.tags = numpy", "x", "scipy", "numpy")).toBe(true);
    expect(matches("spec.tags != numpy", "x", "scipy", "numpy")).toBe(false);
    expect(matches("spec.tags != numpy", "x")).toBe(true);
  });

  it.each([
    ["name", "Expected one of"],
    ["name =", "Expected a value"],
    ["= x", "Expected a field"],
    ["name = x name = y", "Expected AND, OR or the end"],
    ["(name = x", 'Expected ")"'],
    ["name = 'x", "not closed"],
    ["other = x", "There is no field"],
    ["__proto__ = x", "There is no field"],
    ["name = x AND", "Expected a field"],
    [`${"(".repeat(1000)}name = x`, "levels"],
    [`name = ${"x".repeat(5000)}`, "longer"],
    ["NOT ".repeat(900), "levels"],
  ])("refuses %s and says why", (filter, why) => {
    try {
      compileFilter(filter, fields);
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      expect(reasonOf(error.status)).toBe("INVALID_FIELD");
      expect(error.message).toContain(why);
    }
  });

  it("never throws anything else, whatever it is given", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (filter) => {
        expect(parseFilter(filter)).toBeTypeOf("object");
      }),
    );
  });

  it("reads back what it wrote", () => {
    const value = fc.string({ maxLength: 8 });
    const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
      expression: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.record({
          kind: fc.constant("comparison" as const),
          field: fc.constantFrom("name", "spec.tags"),
          operator: fc.constantFrom("=" as const, "!=" as const, ":" as const, "<" as const, ">=" as const),
          value,
        }),
        fc.record({ kind: fc.constant("not" as const), part: tie("expression") }),
        fc.record({
          kind: fc.constantFrom("and" as const, "or" as const),
          parts: fc.array(tie("expression"), { minLength: 2, maxLength: 3 }),
        }),
      ),
    }));
    fc.assert(
      fc.property(expression, fc.string({ maxLength: 3 }), (wanted, name) => {
        const parsed = parseFilter(write(wanted));
        expect(parsed).toEqual(wanted);
        expect(compileFilter(write(wanted), fields)({ name, tags: [] })).toBe(evaluate(wanted, name));
      }),
    );
  });
});

function write(expression: Expression): string {
  switch (expression.kind) {
    case "comparison":
      return `${expression.field} ${expression.operator} "${expression.value.replaceAll(/["\\]/g, "\\$&")}"`;
    case "not":
      return `NOT (${write(expression.part)})`;
    case "and":
    case "or":
      return expression.parts.map((part) => `(${write(part)})`).join(` ${expression.kind.toUpperCase()} `);
  }
}

function evaluate(expression: Expression, name: string): boolean {
  switch (expression.kind) {
    case "and":
      return expression.parts.every((part) => evaluate(part, name));
    case "or":
      return expression.parts.some((part) => evaluate(part, name));
    case "not":
      return !evaluate(expression.part, name);
    case "comparison": {
      const { field, operator, value } = expression;
      if (field === "spec.tags") return operator === "!=";
      if (operator === ":") return name.includes(value);
      if (operator === "<") return name < value;
      if (operator === ">=") return name >= value;
      return (name === value) === (operator === "=");
    }
  }
}
