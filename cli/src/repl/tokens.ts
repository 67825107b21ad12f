import { UsageError } from "../user-error.ts";

/** What a line of Python is made of, as far as the REPL reads it. */
export type Token =
  | { readonly kind: "name" | "op" | "number"; readonly text: string }
  | { readonly kind: "str" | "bytes"; readonly text: string }
  | { readonly kind: "end"; readonly text: "" };

export class PythonSyntaxError extends UsageError {
  /** More lines may complete it. */
  readonly incomplete: boolean;
  constructor(message: string, incomplete = false) {
    super(message);
    this.incomplete = incomplete;
  }

  override get name(): string {
    return "SyntaxError";
  }
}

const NUMBER =
  /^(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?[jJ]?)/;
const NAME = /^[\p{L}_][\p{L}\p{N}_]*/u;
const STRING = /^([rRbBuU]{0,2})("""|'''|"|')/;
const OPERATOR = /^(?:\*\*|\/\/|<<|>>|<=|>=|==|!=|\.\.\.|[-+*/%@&|^~<>()[\]{},:.=])/;

export function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  let rest = source;
  for (;;) {
    rest = rest.replace(/^(?:\s+|#.*|\\\n)+/, "");
    if (rest === "") return [...tokens, { kind: "end", text: "" }];
    const string = STRING.exec(rest);
    const match = NUMBER.exec(rest) ?? NAME.exec(rest) ?? OPERATOR.exec(rest);
    if (string !== null) {
      const { token, length } = readString(rest, string);
      tokens.push(token);
      rest = rest.slice(length);
    } else if (match === null) {
      throw new PythonSyntaxError(`unexpected ${JSON.stringify(rest[0])}`);
    } else {
      const [text] = match;
      const kind = NUMBER.test(text) ? "number" : NAME.test(text) ? "name" : "op";
      tokens.push({ kind, text });
      rest = rest.slice(text.length);
    }
  }
}

function readString(source: string, match: RegExpExecArray): { token: Token; length: number } {
  const [opening, prefix = "", quote = ""] = match;
  const raw = /r/i.test(prefix);
  let at = opening.length;
  for (;;) {
    if (at >= source.length) throw new PythonSyntaxError("a string without an end", quote.length === 3);
    if (source.startsWith(quote, at)) break;
    if (source[at] === "\n" && quote.length === 1) throw new PythonSyntaxError("a string without an end");
    at += source[at] === "\\" ? 2 : 1;
  }
  const body = source.slice(opening.length, at);
  const text = raw ? body : body.replace(ESCAPE, unescaped);
  return { token: { kind: /b/i.test(prefix) ? "bytes" : "str", text }, length: at + quote.length };
}

const ESCAPE = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([\s\S]))/g;
const LETTERS: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\u0007",
  b: "\b",
  f: "\f",
  v: "\v",
  "\n": "",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

function unescaped(
  all: string,
  x?: string,
  u?: string,
  long?: string,
  octal?: string,
  letter?: string,
): string {
  const hex = x ?? u ?? long;
  if (hex !== undefined) {
    const code = Number.parseInt(hex, 16);
    if (code > 0x10ffff) throw new PythonSyntaxError(`no such character: ${all}`);
    return String.fromCodePoint(code);
  }
  if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
  return LETTERS[letter ?? ""] ?? all;
}
