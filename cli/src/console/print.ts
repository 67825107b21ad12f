import { once } from "node:events";
import type { OutputForm } from "../client/connect-options.ts";

/** To stdout; waits where its reader does. */
export async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}

/** `json` for programs, indented, or `text` for people. */
export async function printAs(form: OutputForm, json: unknown, text: () => string): Promise<void> {
  await print(form === "json" ? `${JSON.stringify(json, null, 2)}\n` : text());
}

/** One of many: a line of JSON, or `text`. */
export async function printLineAs(form: OutputForm, json: unknown, text: () => string): Promise<void> {
  await print(`${form === "json" ? JSON.stringify(json) : text()}\n`);
}
