import { statusError } from "@podule/grpc";
import { Status } from "nice-grpc";

const COLLECTION = "modules/";
const SHAPE = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9_])?$/;

/** What is wrong with a module's id; undefined where nothing is. */
export function moduleIdProblem(id: string): string | undefined {
  if (id === "") return "is empty";
  if (id.length > 63) return "is longer than 63 characters";
  if (!SHAPE.test(id) || id.includes(".."))
    return 'must be letters, digits, "_", "-" and ".", beginning and ending with a letter, digit or "_", without ".."';
  return undefined;
}

/** Throws INVALID_ARGUMENT for an impossible id. */
export function checkModuleId(id: string, field: string): string {
  const problem = moduleIdProblem(id);
  if (problem === undefined) return id;
  throw badField(field, `The module id ${quoted(id)} ${problem}`);
}

/** "modules/numpy" → "numpy". Throws INVALID_ARGUMENT for anything else. */
export function parseModuleName(name: string, field: string): string {
  if (!name.startsWith(COLLECTION))
    throw badField(field, `${quoted(name)} is not a module's name; expected "modules/{id}"`);
  return checkModuleId(name.slice(COLLECTION.length), field);
}

export function moduleName(id: string): string {
  return `${COLLECTION}${id}`;
}

/** The id of a module whose name is known to be one. */
export function idOf(module: { readonly name: string }): string {
  return module.name.slice(COLLECTION.length);
}

export function badField(field: string, description: string) {
  return statusError(Status.INVALID_ARGUMENT, "INVALID_FIELD", `${field}: ${description}`, {
    violations: [{ field, description }],
  });
}

export function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}...` : text);
}
