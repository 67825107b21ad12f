import { existsSync, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Resolves once the file is there, by its folder's own news. */
export async function appeared(file: string, withinMs = 20_000): Promise<void> {
  const abort = AbortSignal.timeout(withinMs);
  await new Promise<void>((resolve, reject) => {
    const watcher = watch(dirname(file), () => existsSync(file) && done());
    const late = () => {
      watcher.close();
      reject(new Error(`${file} did not appear within ${withinMs} ms`));
    };
    const done = () => {
      abort.removeEventListener("abort", late);
      watcher.close();
      resolve();
    };
    abort.addEventListener("abort", late);
    if (existsSync(file)) done();
  });
}

/** The text of a file that a call writes as its last act. */
export async function written(file: string, withinMs = 20_000): Promise<string> {
  await appeared(file, withinMs);
  for (;;) {
    const text = await readFile(file, "utf8");
    if (text !== "") return text;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
