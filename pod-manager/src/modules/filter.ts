import { type Comparison, type Expression, parseFilter } from "./filter-parser.ts";
import { badField } from "./module-id.ts";

/** The fields that a filter may name, and how to read them. */
export type FilterFields<T> = Readonly<Record<string, (item: T) => string | readonly string[]>>;

/**
 * A predicate for an AIP-160 filter; empty: everything. Of a repeated field one element must fit (with `!=`: none may
 * be equal). ":" is "contains". Throws INVALID_ARGUMENT that names the place.
 */
export function compileFilter<T>(filter: string, fields: FilterFields<T>): (item: T) => boolean {
  if (filter.trim() === "") return () => true;
  const parsed = parseFilter(filter);
  if ("problem" in parsed) throw badField("filter", `${parsed.problem} at character ${parsed.at + 1}`);
  return compile(parsed, fields);
}

function compile<T>(expression: Expression, fields: FilterFields<T>): (item: T) => boolean {
  switch (expression.kind) {
    case "and": {
      const parts = expression.parts.map((part) => compile(part, fields));
      return (item) => parts.every((part) => part(item));
    }
    case "or": {
      const parts = expression.parts.map((part) => compile(part, fields));
      return (item) => parts.some((part) => part(item));
    }
    case "not": {
      const part = compile(expression.part, fields);
      return (item) => !part(item);
    }
    case "comparison":
      return compileComparison(expression, fields);
  }
}

function compileComparison<T>(comparison: Comparison, fields: FilterFields<T>): (item: T) => boolean {
  const read = Object.hasOwn(fields, comparison.field) ? fields[comparison.field] : undefined;
  if (read === undefined)
    throw badField(
      "filter",
      `There is no field ${JSON.stringify(comparison.field.slice(0, 100))} to filter by; there are ${Object.keys(fields).join(", ")}`,
    );
  const { operator, value } = comparison;
  const fits = (one: string) => compare(one, operator === "!=" ? "=" : operator, value);
  return (item) => {
    const found = read(item);
    const some = typeof found === "string" ? fits(found) : found.some(fits);
    return operator === "!=" ? !some : some;
  };
}

function compare(one: string, operator: Comparison["operator"], value: string): boolean {
  switch (operator) {
    case "=":
      return one === value;
    case "!=":
      return one !== value;
    case ":":
      return one.includes(value);
    case "<":
      return one < value;
    case "<=":
      return one <= value;
    case ">":
      return one > value;
    case ">=":
      return one >= value;
  }
}
