import { UsageError } from "../user-error.ts";

export interface Callee {
  /** The module's id. */
  readonly module: string;
  /** The path from the module. */
  readonly path: string;
}

/** "numpy.linalg.svd" is linalg.svd of numpy; with the module's id given, all of it is the path. */
export function readCallee(text: string, module: string | undefined): Callee {
  if (module !== undefined) return { module, path: text };
  const dot = text.indexOf(".");
  if (dot > 0 && dot < text.length - 1) return { module: text.slice(0, dot), path: text.slice(dot + 1) };
  throw new UsageError(`What to call is MODULE.FUNCTION (numpy.sum), or FUNCTION with --module, not ${text}`);
}
