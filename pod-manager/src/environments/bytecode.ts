import { runUv, type UvOptions } from "./uv.ts";

const TIMEOUT_MS = 10 * 60_000;

/**
 * Compiles what is installed, at the lowest priority, beside the first pods that use it: workers write no bytecode, and without
 * it every later start compiles anew. Nothing depends on it; each file is written whole or not at all.
 */
export async function compileBytecode(
  options: UvOptions,
  python: string,
  signal: AbortSignal,
): Promise<void> {
  const code =
    "import compileall, site; [compileall.compile_dir(d, quiet=2) for d in site.getsitepackages()]";
  await runUv(options, ["nice", "-n", "19", python, "-I", "-c", code], {
    signal,
    timeoutMs: TIMEOUT_MS,
  }).catch(() => {});
}
