import { basename, dirname, extname, resolve } from "node:path";
import { UserError } from "../user-error.ts";

export interface Target {
  readonly importName: string;
  /** Goes on `sys.path`: the user's own code is there. */
  readonly folder?: string;
}

/** "numpy" is a module to install; "./model.py" or "src/model" is the user's own file or package folder. */
export function readTarget(text: string): Target {
  const isPath = text.includes("/") || extname(text) === ".py";
  const path = resolve(text);
  const importName = isPath ? basename(path, ".py") : text;
  if (
    !/^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*$/u.test(importName) ||
    (isPath && importName.includes("."))
  ) {
    throw new UserError(`${JSON.stringify(text)} is neither the name of a Python module nor the path of one`);
  }
  return isPath ? { importName, folder: dirname(path) } : { importName };
}
