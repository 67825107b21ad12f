import { ellipsis } from "../client/podule.ts";
import { numberOf } from "./number.ts";
import type { Node, Statement } from "./syntax.ts";
import { PythonSyntaxError, type Token, tokensOf } from "./tokens.ts";

/** Binary operators, loosest first: what is written, and its name in Python's module `operator`. */
const LEVELS: readonly Readonly<Record<string, string>>[] = [
  { "|": "or_" },
  { "^": "xor" },
  { "&": "and_" },
  { "<<": "lshift", ">>": "rshift" },
  { "+": "add", "-": "sub" },
  { "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "@": "matmul" },
];
const COMPARISONS: Readonly<Record<string, string>> = {
  "==": "eq",
  "!=": "ne",
  "<": "lt",
  "<=": "le",
  ">": "gt",
  ">=": "ge",
};
const SIGNS: Readonly<Record<string, string>> = { "-": "neg", "+": "pos", "~": "invert" };
const CONSTANTS = new Map<string, unknown>([
  ["None", null],
  ["True", true],
  ["False", false],
]);
const NOT_HERE = new Set(
  "lambda if else for while def class import from return with try del yield global assert raise pass await async".split(
    " ",
  ),
);

/** Throws PythonSyntaxError. */
export function parse(source: string): Statement {
  return new Parser(tokensOf(source)).statement();
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  statement(): Statement {
    const first = this.#expressions();
    if (!this.#take("=")) return { target: undefined, value: this.#ended(first) };
    if (first.kind !== "name" && first.kind !== "attribute" && first.kind !== "item") {
      throw new PythonSyntaxError("only a name, an attribute or an item can be assigned to");
    }
    return { target: first, value: this.#ended(this.#expressions()) };
  }

  #ended(node: Node): Node {
    if (this.#next.kind !== "end") throw this.#unexpected();
    return node;
  }

  /** One, or several with commas: a tuple. */
  #expressions(): Node {
    const first = this.#expression();
    if (!this.#is(",")) return first;
    const items = [first];
    while (this.#take(",") && this.#next.kind !== "end" && !this.#is(")") && !this.#is("=")) {
      items.push(this.#expression());
    }
    return { kind: "tuple", items };
  }

  #expression(): Node {
    let left = this.#conjunction();
    while (this.#take("or")) left = { kind: "or", left, right: this.#conjunction() };
    return left;
  }

  #conjunction(): Node {
    let left = this.#negation();
    while (this.#take("and")) left = { kind: "and", left, right: this.#negation() };
    return left;
  }

  #negation(): Node {
    return this.#take("not") ? operator("not_", this.#negation()) : this.#comparison();
  }

  #comparison(): Node {
    const left = this.#binary(0);
    const compared = this.#comparisonBehind(left);
    if (compared === undefined) return left;
    if (this.#comparisonBehind(left) !== undefined) throw new PythonSyntaxError("one comparison at a time");
    return compared;
  }

  #comparisonBehind(left: Node): Node | undefined {
    const name = Object.hasOwn(COMPARISONS, this.#next.text) ? COMPARISONS[this.#next.text] : undefined;
    if (this.#next.kind === "op" && name !== undefined) {
      this.#at++;
      return operator(name, left, this.#binary(0));
    }
    if (this.#take("in")) return operator("contains", this.#binary(0), left);
    if (this.#take("not")) {
      this.#expect("in");
      return operator("not_", operator("contains", this.#binary(0), left));
    }
    if (this.#take("is")) return operator(this.#take("not") ? "is_not" : "is_", left, this.#binary(0));
    return undefined;
  }

  #binary(level: number): Node {
    const names = LEVELS[level];
    if (names === undefined) return this.#sign();
    let left = this.#binary(level + 1);
    while (this.#next.kind === "op") {
      const name = Object.hasOwn(names, this.#next.text) ? names[this.#next.text] : undefined;
      if (name === undefined) break;
      this.#at++;
      left = operator(name, left, this.#binary(level + 1));
    }
    return left;
  }

  #sign(): Node {
    const name = this.#next.kind === "op" ? SIGNS[this.#next.text] : undefined;
    if (name === undefined) return this.#power();
    this.#at++;
    return operator(name, this.#sign());
  }

  #power(): Node {
    const base = this.#postfix();
    return this.#take("**") ? operator("pow", base, this.#sign()) : base;
  }

  #postfix(): Node {
    let node = this.#atom();
    for (;;) {
      if (this.#take(".")) node = { kind: "attribute", of: node, name: this.#name() };
      else if (this.#take("(")) node = this.#call(node);
      else if (this.#take("[")) node = { kind: "item", of: node, key: this.#key() };
      else return node;
    }
  }

  #call(of: Node): Node {
    const args: Node[] = [];
    const kwargs: [string, Node][] = [];
    this.#list(")", () => {
      const argument = this.#expression();
      if (this.#take("=")) {
        if (argument.kind !== "name") throw new PythonSyntaxError("a keyword argument has a name");
        kwargs.push([argument.name, this.#expression()]);
      } else if (kwargs.length > 0)
        throw new PythonSyntaxError("positional argument behind a keyword argument");
      else args.push(argument);
    });
    return { kind: "call", of, args, kwargs };
  }

  #key(): Node {
    const keys: Node[] = [];
    const commas = this.#list("]", () => keys.push(this.#slice()));
    const [only] = keys;
    if (only === undefined) throw new PythonSyntaxError("[] has no key");
    return keys.length === 1 && commas === 0 ? only : { kind: "tuple", items: keys };
  }

  #slice(): Node {
    const parts: (Node | undefined)[] = [];
    let part = this.#isAny(":", ",", "]") ? undefined : this.#expression();
    if (part !== undefined && !this.#is(":")) return part;
    while (parts.push(part) < 3 && this.#take(":")) {
      part = this.#isAny(":", ",", "]") ? undefined : this.#expression();
    }
    return { kind: "slice", parts };
  }

  /** What is between brackets, up to `end`; how many commas there were. */
  #list(end: string, item: () => void): number {
    let commas = 0;
    while (!this.#take(end)) {
      item();
      if (this.#take(",")) commas++;
      else if (!this.#is(end)) throw this.#unexpected();
    }
    return commas;
  }

  #atom(): Node {
    const token = this.#next;
    this.#at++;
    switch (token.kind) {
      case "number":
        return { kind: "constant", value: numberOf(token.text) };
      case "str":
      case "bytes":
        return { kind: "constant", value: this.#string(token.kind, token.text) };
      case "name":
        if (CONSTANTS.has(token.text)) return { kind: "constant", value: CONSTANTS.get(token.text) };
        if (NOT_HERE.has(token.text)) {
          throw new PythonSyntaxError(
            `"${token.text}" is not understood here: expressions and assignments are`,
          );
        }
        return { kind: "name", name: token.text };
      case "op":
        return this.#bracketed(token.text);
      case "end":
        this.#at--;
        throw this.#unexpected();
    }
  }

  /** Strings beside each other are one. */
  #string(kind: "str" | "bytes", first: string): unknown {
    let text = first;
    for (; this.#next.kind === kind; this.#at++) text += this.#next.text;
    return kind === "str" ? text : new Uint8Array(Buffer.from(text, "latin1"));
  }

  #bracketed(opening: string): Node {
    if (opening === "...") return { kind: "constant", value: ellipsis };
    const items: Node[] = [];
    if (opening === "(") {
      const commas = this.#list(")", () => items.push(this.#expression()));
      const [only] = items;
      return only !== undefined && items.length === 1 && commas === 0 ? only : { kind: "tuple", items };
    }
    if (opening === "[") {
      this.#list("]", () => items.push(this.#expression()));
      return { kind: "list", items };
    }
    if (opening === "{") return this.#braces();
    this.#at--;
    throw this.#unexpected();
  }

  #braces(): Node {
    const items: Node[] = [];
    const entries: [Node, Node][] = [];
    this.#list("}", () => {
      const key = this.#expression();
      if (this.#take(":")) entries.push([key, this.#expression()]);
      else items.push(key);
    });
    if (items.length > 0 && entries.length > 0) throw new PythonSyntaxError("a dict or a set, not both");
    return items.length > 0 ? { kind: "set", items } : { kind: "dict", entries };
  }

  get #next(): Token {
    return this.#tokens[this.#at] ?? { kind: "end", text: "" };
  }

  #is(text: string): boolean {
    return (this.#next.kind === "op" || this.#next.kind === "name") && this.#next.text === text;
  }

  #isAny(...texts: string[]): boolean {
    return texts.some((text) => this.#is(text));
  }

  #take(text: string): boolean {
    const is = this.#is(text);
    if (is) this.#at++;
    return is;
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw this.#unexpected();
  }

  #name(): string {
    const { kind, text } = this.#next;
    if (kind !== "name") throw this.#unexpected();
    this.#at++;
    return text;
  }

  #unexpected(): PythonSyntaxError {
    const { kind, text } = this.#next;
    if (kind === "end") return new PythonSyntaxError("it ends too early", true);
    return new PythonSyntaxError(`unexpected ${JSON.stringify(text)}`);
  }
}

function operator(name: string, ...operands: Node[]): Node {
  return { kind: "operator", name, operands };
}
