import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../stack/tools.ts";

export const PROBE_WHEEL = "probe-1.0-py3-none-any.whl";
const METADATA = "Metadata-Version: 2.1\nName: probe\nVersion: 1.0\n";
const WHEEL = "Wheel-Version: 1.0\nGenerator: podule\nRoot-Is-Purelib: true\nTag: py3-none-any\n";

/** The tests' own module as a wheel: code reaches a cluster as a package. */
export async function makeProbeWheel(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), "podule-wheel-"));
  try {
    const info = join(folder, "probe-1.0.dist-info");
    await mkdir(info);
    await cp(join(ROOT, "test/modules/probe.py"), join(folder, "probe.py"));
    await writeFile(join(info, "METADATA"), METADATA);
    await writeFile(join(info, "WHEEL"), WHEEL);
    await writeFile(join(info, "RECORD"), "probe.py,,\nprobe-1.0.dist-info/RECORD,,\n");
    await promisify(execFile)(
      "python3",
      ["-m", "zipfile", "-c", PROBE_WHEEL, "probe.py", "probe-1.0.dist-info"],
      { cwd: folder },
    );
    return await readFile(join(folder, PROBE_WHEEL));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
