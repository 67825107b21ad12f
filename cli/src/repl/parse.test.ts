import fc from "fast-check";
import { expect, test } from "vitest";
import { Complex, PyFloat } from "../client/podule.ts";
import { parse } from "./parse.ts";
import type { Node } from "./syntax.ts";
import { PythonSyntaxError } from "./tokens.ts";

/** As nested lists, for people to compare. */
function shape(node: Node | undefined): string {
  switch (node?.kind) {
    case undefined:
      return "-";
    case "constant":
      return typeof node.value === "bigint"
        ? `${node.value}n`
        : JSON.stringify(node.value) || String(node.value);
    case "name":
      return node.name;
    case "attribute":
      return `${shape(node.of)}.${node.name}`;
    case "item":
      return `${shape(node.of)}[${shape(node.key)}]`;
    case "slice":
      return node.parts.map(shape).join(":");
    case "call":
      return `${shape(node.of)}(${[...node.args.map(shape), ...node.kwargs.map(([name, value]) => `${name}=${shape(value)}`)].join(", ")})`;
    case "operator":
      return `(${[node.name, ...node.operands.map(shape)].join(" ")})`;
    case "and":
    case "or":
      return `(${shape(node.left)} ${node.kind} ${shape(node.right)})`;
    case "list":
    case "tuple":
    case "set":
      return `${node.kind}{${node.items.map(shape).join(", ")}}`;
    case "dict":
      return `dict{${node.entries.map(([key, value]) => `${shape(key)}: ${shape(value)}`).join(", ")}}`;
  }
}

test.each([
  ["numpy.linalg.svd(x, full_matrices=False).S.sum()", "numpy.linalg.svd(x, full_matrices=false).S.sum()"],
  ["1 + 2 * 3 ** -2", "(add 1 (mul 2 (pow 3 (neg 2))))"],
  ["-2 ** 2", "(neg (pow 2 2))"],
  ["2 ** 3 ** 2", "(pow 2 (pow 3 2))"],
  ["a - b - c", "(sub (sub a b) c)"],
  ["not a == b or c and d", "((not_ (eq a b)) or (c and d))"],
  ["a not in b", "(not_ (contains b a))"],
  ["a is not None", "(is_not a null)"],
  ["x[1:, ::-1, ..., 0]", "x[tuple{1:-, -:-:-1, Symbol(Ellipsis), 0}]"],
  ["x[:]", "x[-:-]"],
  ["x[0]", "x[0]"],
  ["x[0,]", "x[tuple{0}]"],
  ["()", "tuple{}"],
  ["(1)", "1"],
  ["1,", "tuple{1}"],
  ["{1: [2], 'a': {3}}", 'dict{1: list{2}, "a": set{3}}'],
  ["{}", "dict{}"],
  ["'a' \"b\" r'\\n' '\\x41\\u00e9\\n'", JSON.stringify("ab\\nAé\n")],
  ["'''a\nb'''", '"a\\nb"'],
  ["0x_ff, 1_000, 9007199254740993", "tuple{255, 1000, 9007199254740993n}"],
  ["f(\n  1, # one\n  2,\n)", "f(1, 2)"],
])("%s", (source, expected) => {
  const { target, value } = parse(source);
  expect(target).toBeUndefined();
  expect(shape(value).replace("-:-:(neg 1)", "-:-:-1")).toBe(expected);
});

test("numbers and bytes are of their Python type", () => {
  const values = parse("1.0, .5e1, 2j, b'\\xff'").value;
  expect(
    values.kind === "tuple" && values.items.map((item) => item.kind === "constant" && item.value),
  ).toEqual([new PyFloat(1), new PyFloat(5), new Complex(0, 2), new Uint8Array([255])]);
});

test.each(["x = 1", "x.y = 1", "x[0] = 1"])("%s assigns", (source) => {
  expect(parse(source).target).toBeDefined();
});

test.each(["f(", "[1,", "'''a", "x +", "{1: ", "x["])("%j waits for more", (source) => {
  expect(() => parse(source)).toThrow(expect.objectContaining({ incomplete: true }));
});

test.each([
  "1 2",
  "f(a=1, 2)",
  "1 = x",
  "lambda: 1",
  "import x",
  "'a",
  "a < b < c",
  "x[]",
  "{1, 2: 3}",
  "$",
  ")",
  "007",
])("%j is refused", (source) => {
  expect(() => parse(source)).toThrow(expect.objectContaining({ name: "SyntaxError", incomplete: false }));
});

test("any text is parsed, or refused with a SyntaxError", () => {
  const pieces = fc.constantFrom(
    ..."( ) [ ] { } , : . = + - ** // == not in is and or x 1 1.5 'a' b'c' ... None \\ # \n".split(" "),
  );
  const sources = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(pieces, { maxLength: 30 }).map((all) => all.join(" ")),
  );
  fc.assert(
    fc.property(sources, (source) => {
      try {
        parse(source);
      } catch (error) {
        expect(error).toBeInstanceOf(PythonSyntaxError);
      }
    }),
    { numRuns: 2000 },
  );
});
