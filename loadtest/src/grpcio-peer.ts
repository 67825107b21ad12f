import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);
const PEERS = join(import.meta.dirname, "../peers");
const PROTO = join(import.meta.dirname, "../../proto");
const STUBS = ["podule/v1/calls.proto", "podule/v1/value.proto", "google/rpc/status.proto"];

export interface Peer extends AsyncDisposable {
  readonly address: string;
  readonly pid: number;
}

/** The hand-written Python server beside which Podule is measured, in an environment of its own. */
export async function startGrpcioPeer(uv: string, cacheFolder: string): Promise<Peer> {
  const { python, stubs } = await installPeer(uv, cacheFolder);
  const child = spawn(python, [join(PEERS, "grpcio-server.py"), stubs], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([once(lines, "line"), ended.then(() => [])]);
  if (typeof first[0] !== "string" || child.pid === undefined)
    throw new Error("The grpcio server did not start");
  return {
    address: `127.0.0.1:${first[0]}`,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      const late = setTimeout(() => child.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(late);
    },
  };
}

/** Made in a temporary folder and renamed: half an environment is never used. */
async function installPeer(uv: string, cacheFolder: string): Promise<{ python: string; stubs: string }> {
  const requirements = join(PEERS, "requirements.txt");
  const hash = createHash("sha256").update(await readFile(requirements));
  for (const proto of STUBS) hash.update(await readFile(existing(proto)));
  const folder = join(cacheFolder, "peers", `grpcio-${hash.digest("hex").slice(0, 16)}`);
  if (!existsSync(folder)) {
    const making = `${folder}.${process.pid}`;
    await mkdir(join(making, "stubs"), { recursive: true });
    try {
      const env = {
        ...process.env,
        UV_CACHE_DIR: join(cacheFolder, "uv"),
        VIRTUAL_ENV: join(making, "venv"),
      };
      await run(uv, ["venv", "--quiet", "--relocatable", "--python", ">=3.10", join(making, "venv")], {
        env,
      });
      await run(uv, ["pip", "install", "--quiet", "--require-hashes", "-r", requirements], { env });
      const out = join(making, "stubs");
      const include = [`-I${PROTO}`, `-I${join(PROTO, "third_party")}`];
      await run(
        join(making, "venv/bin/python"),
        ["-m", "grpc_tools.protoc", ...include, `--python_out=${out}`, `--grpc_python_out=${out}`, ...STUBS],
        { env },
      );
      await rename(making, folder);
    } catch (error) {
      await rm(making, { recursive: true, force: true });
      throw error;
    }
  }
  return { python: join(folder, "venv/bin/python"), stubs: join(folder, "stubs") };
}

function existing(proto: string): string {
  const own = join(PROTO, proto);
  return existsSync(own) ? own : join(PROTO, "third_party", proto);
}
