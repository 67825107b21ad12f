import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
export const PEERS = join(import.meta.dirname, "../../peers");
const PROTO = join(import.meta.dirname, "../../../proto");
const STUBS = ["podule/v1/calls.proto", "podule/v1/value.proto", "google/rpc/status.proto"];
const INSTALL_MS = 300_000;

export interface PeerPlace {
  readonly uv: string;
  readonly cacheFolder: string;
}

/** The interpreter of a peer's own environment, made from its pinned requirements; with `stubs`, its grpcio classes are in STUBS beside it. */
export async function pythonPeer(place: PeerPlace, name: string, stubs: boolean): Promise<string> {
  const requirements = join(PEERS, `${name}.txt`);
  const hash = createHash("sha256").update(await readFile(requirements));
  if (stubs) for (const proto of STUBS) hash.update(await readFile(protoFile(proto)));
  return made(place, `${name}-${hash.digest("hex").slice(0, 16)}`, async (folder) => {
    const venv = join(folder, "venv");
    const env = { ...process.env, UV_CACHE_DIR: join(place.cacheFolder, "uv"), VIRTUAL_ENV: venv };
    const options = { env, timeout: INSTALL_MS };
    await run(place.uv, ["venv", "--quiet", "--relocatable", "--python", ">=3.10,<3.14", venv], options);
    await run(place.uv, ["pip", "install", "--quiet", "--require-hashes", "-r", requirements], options);
    if (!stubs) return;
    const out = join(folder, "stubs");
    await mkdir(out);
    const include = [`-I${PROTO}`, `-I${join(PROTO, "third_party")}`];
    const outputs = [`--python_out=${out}`, `--grpc_python_out=${out}`];
    await run(
      join(venv, "bin/python"),
      ["-m", "grpc_tools.protoc", ...include, ...outputs, ...STUBS],
      options,
    );
  });
}

/** The folder with an npm package of its own, outside the workspace. */
export function npmPeer(place: PeerPlace, name: string, version: string): Promise<string> {
  return made(place, `${name}-${version}`, async (folder) => {
    const flags = ["--silent", "--no-audit", "--no-fund", "--prefix", folder];
    await run("npm", ["install", ...flags, `${name}@${version}`], { timeout: INSTALL_MS });
  });
}

/** Made in a temporary folder and renamed: half an environment is never used. */
async function made(
  place: PeerPlace,
  name: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(place.cacheFolder, "peers", name);
  if (existsSync(folder)) return folder;
  const making = `${folder}.${process.pid}`;
  await mkdir(making, { recursive: true });
  try {
    await make(making);
    await rename(making, folder);
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    throw error;
  }
  return folder;
}

function protoFile(proto: string): string {
  const own = join(PROTO, proto);
  return existsSync(own) ? own : join(PROTO, "third_party", proto);
}
