export interface Comparison {
  readonly kind: "comparison";
  readonly field: string;
  readonly operator: "=" | "!=" | ":" | "<" | "<=" | ">" | ">=";
  readonly value: string;
}

export type Expression =
  | Comparison
  | { readonly kind: "and" | "or"; readonly parts: readonly Expression[] }
  | { readonly kind: "not"; readonly part: Expression };

export interface Problem {
  readonly problem: string;
  /** Where, in characters from 0. */
  readonly at: number;
}

const MAX_LENGTH = 4096;
const MAX_DEPTH = 50;
const OPERATORS = ["!=", "<=", ">=", "=", ":", "<", ">"] as const;
const WORD = /[^\s()"'=!:<>,]+/y;

class FilterProblem extends Error {
  readonly at: number;
  constructor(problem: string, at: number) {
    super(problem);
    this.at = at;
  }
}

/**
 * AIP-160 as far as: comparisons, AND, OR, NOT (or "-"), parentheses. As there, OR binds tighter than AND. Values are words
 * or strings in quotes, where a backslash takes the next character as it is.
 */
export function parseFilter(text: string): Expression | Problem {
  if (text.length > MAX_LENGTH)
    return { problem: `The filter is longer than ${MAX_LENGTH} characters`, at: MAX_LENGTH };
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof FilterProblem) return { problem: error.message, at: error.at };
    throw error;
  }
}

function parse(text: string): Expression {
  let at = 0;

  const skipSpace = () => {
    while (/\s/.test(text.charAt(at))) at++;
  };
  const fail = (expected: string): never => {
    skipSpace();
    const found = at >= text.length ? "the end" : JSON.stringify(text.slice(at, at + 20));
    throw new FilterProblem(`Expected ${expected}, found ${found}`, at);
  };
  /** Takes the keyword if it stands here as a word of its own. */
  const takeKeyword = (keyword: string): boolean => {
    skipSpace();
    if (!text.startsWith(keyword, at) || /[^\s("'-]/.test(text.charAt(at + keyword.length))) return false;
    at += keyword.length;
    return true;
  };
  const takeWord = (expected: string): string => {
    skipSpace();
    WORD.lastIndex = at;
    const word = WORD.exec(text)?.[0] ?? fail(expected);
    at += word.length;
    return word;
  };

  const all = parseAnd(0);
  skipSpace();
  if (at < text.length) fail("AND, OR or the end");
  return all;

  function parseAnd(depth: number): Expression {
    const parts = [parseOr(depth)];
    while (takeKeyword("AND")) parts.push(parseOr(depth));
    return join("and", parts);
  }
  function parseOr(depth: number): Expression {
    const parts = [parseTerm(depth)];
    while (takeKeyword("OR")) parts.push(parseTerm(depth));
    return join("or", parts);
  }
  function parseTerm(depth: number): Expression {
    if (depth > MAX_DEPTH) throw new FilterProblem(`More than ${MAX_DEPTH} levels`, at);
    skipSpace();
    if (takeKeyword("NOT")) return { kind: "not", part: parseTerm(depth + 1) };
    if (text.charAt(at) === "-") {
      at++;
      return { kind: "not", part: parseTerm(depth + 1) };
    }
    if (text.charAt(at) !== "(") return parseComparison();
    at++;
    const inner = parseAnd(depth + 1);
    skipSpace();
    if (text.charAt(at) !== ")") fail('")"');
    at++;
    return inner;
  }
  function parseComparison(): Expression {
    const start = at;
    const field = takeWord("a field");
    if (["AND", "OR", "NOT"].includes(field)) {
      at = start;
      fail("a field");
    }
    skipSpace();
    const operator = OPERATORS.find((one) => text.startsWith(one, at)) ?? fail("one of = != : < <= > >=");
    at += operator.length;
    skipSpace();
    const quote = text.charAt(at);
    const value = quote === '"' || quote === "'" ? parseString(quote) : takeWord("a value");
    return { kind: "comparison", field, operator, value };
  }
  function parseString(quote: string): string {
    const start = at;
    let value = "";
    for (at++; at < text.length; at++) {
      const character = text.charAt(at);
      if (character === quote) {
        at++;
        return value;
      }
      if (character === "\\") at++;
      value += text.charAt(at);
    }
    throw new FilterProblem("The string is not closed", start);
  }
}

function join(kind: "and" | "or", parts: readonly Expression[]): Expression {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind, parts };
}
