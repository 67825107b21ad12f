import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import podule from "../client/podule.ts";
import { UsageError } from "../user-error.ts";
import { ObjectArgument } from "./message-value.ts";

/** An argument of the command line: JSON, or the JSON of a file (`@data.json`) or of stdin (`@-`), or an object of the session (`%1`). */
export async function readArgument(text: string): Promise<unknown> {
  if (/^%\d{1,16}$/.test(text)) return new ObjectArgument(BigInt(text.slice(1)));
  if (!text.startsWith("@")) return parseArgument(text);
  try {
    return parseArgument(
      text === "@-" ? await readAll(process.stdin) : await readFile(text.slice(1), "utf8"),
    );
  } catch (error) {
    throw new UsageError(`${text}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** JSON as Python reads it: 1 is an int of any size, 1.0 and 1e3 are floats. */
export function parseArgument(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text, (_key, parsed: unknown, context?: { source?: string }) =>
      typeof parsed === "number" ? number(parsed, context?.source ?? "") : parsed,
    );
    return value;
  } catch {
    const shown = text.length > 60 ? `${text.slice(0, 59)}…` : text;
    const hint = /^[\p{L}\p{N} _./:-]*$/u.test(text) ? `; the str is '"${text}"'` : "";
    throw new UsageError(`An argument is JSON, which this is not: ${shown}${hint}`);
  }
}

function number(value: number, source: string): unknown {
  if (!/^-?\d+$/.test(source)) return podule.float(value);
  // -0 is the int 0.
  return Number.isSafeInteger(value) ? value + 0 : BigInt(source);
}

/** `axis=0` and the like, by name. */
export async function readKeywords(texts: readonly string[]): Promise<Record<string, unknown>> {
  const entries = texts.map(async (text): Promise<[string, unknown]> => {
    const at = text.indexOf("=");
    if (at < 1) throw new UsageError(`A keyword argument is NAME=JSON, not ${text}`);
    return [text.slice(0, at), await readArgument(text.slice(at + 1))];
  });
  return Object.fromEntries(await Promise.all(entries));
}
