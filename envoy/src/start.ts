import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { formatAddress, parseAddress } from "./address.ts";
import { adminGet, adminPost } from "./admin.ts";
import { checkCertificates } from "./check-certificates.ts";
import { type Exit, startGuard } from "./guarded.ts";
import type { EnvoyParams } from "./params.ts";
import { renderEnvoy, renderSecrets } from "./render.ts";

export type { Exit };

export interface StartOptions {
  /** Envoy's binary, absolute. */
  readonly binary: string;
  /**
   * A private folder for its configuration, log and admin socket; removed at the end. Keep it short: a
   * socket's path has at most 107 bytes.
   */
  readonly runDir: string;
  /** `admin` is by default a socket in `runDir`. */
  readonly params: Omit<EnvoyParams, "admin"> & { readonly admin?: string };
  /** Worker threads. Default 2. */
  readonly concurrency?: number;
}

export interface Envoy {
  readonly pid: number;
  /** Where it listens, with the port that it got. */
  readonly address: string;
  readonly admin: string;
  /** Resolves when Envoy has ended, for whatever reason; never rejects. */
  readonly exited: Promise<Exit>;
  /**
   * Ends it after at most `graceMs` for the calls that run; default: at once. Connections without calls are given `lingerMs` of
   * that to leave by themselves (default: none): behind a load balancer a client may be about to use one.
   */
  stop(graceMs?: number, lingerMs?: number): Promise<void>;
}

const START_MS = 30_000;

/** Starts Envoy; it ends with this process, however that ends. Throws, with Envoy's words, when it does not come up. */
export async function startEnvoy(options: StartOptions): Promise<Envoy> {
  const { binary, runDir, concurrency = 2 } = options;
  const admin = options.params.admin ?? `unix:${join(runDir, "admin.sock")}`;
  const tls = options.params.tls && { ...options.params.tls, secretsDir: runDir };
  const upstreamTls = options.params.upstreamTls && { ...options.params.upstreamTls, secretsDir: runDir };
  const secured = { ...(tls && { tls }), ...(upstreamTls && { upstreamTls }) };
  const configuration = renderEnvoy({ ...options.params, ...secured, admin });
  if (tls !== undefined) await checkCertificates(tls);
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  for (const [name, text] of renderSecrets(secured)) {
    await writeFile(join(runDir, name), text, { mode: 0o600 });
  }
  const file = join(runDir, "envoy.yaml");
  await writeFile(file, configuration, { mode: 0o600 });
  const guard = await startGuard({
    binary,
    args: [
      ...["-c", file, "--log-level", "warn", "--disable-hot-restart"],
      ...["--concurrency", String(concurrency), "--drain-time-s", "10", "--file-flush-interval-msec", "1000"],
    ],
    runDir,
    log: join(runDir, "envoy.log"),
  });
  try {
    return {
      pid: guard.pid,
      address: await listening(admin, guard.exited),
      admin,
      exited: guard.exited,
      async stop(graceMs = 0, lingerMs = 0) {
        if (graceMs > 0) await drain(admin, { graceMs, lingerMs }, guard.exited);
        await guard.stop();
      },
    };
  } catch (error) {
    await guard.stop();
    throw error;
  }
}

async function listening(admin: string, exited: Promise<Exit>): Promise<string> {
  let ended: Exit | undefined;
  void exited.then((exit) => {
    ended = exit;
  });
  const deadline = Date.now() + START_MS;
  while (ended === undefined) {
    if ((await adminGet(admin, "/ready"))?.status === 200) {
      const address = listenerAddress((await adminGet(admin, "/listeners?format=json"))?.body ?? "");
      if (address !== undefined) return address;
    }
    if (Date.now() > deadline) throw new Error(`Envoy was not ready within ${START_MS / 1000} s`);
    await sleep(15);
  }
  throw new Error(`Envoy did not start (${describeExit(ended)})\n${ended.log}`.trimEnd());
}

export function describeExit({ code, signal }: Pick<Exit, "code" | "signal">): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`;
}

/** Of the users' listener. */
function listenerAddress(json: string): string | undefined {
  const own = json.slice(Math.max(0, json.search(/"name":\s*"users"/)));
  const text = /"address":\s*"([^"]+)",\s*"port_value":\s*(\d+)/.exec(own);
  if (text !== null) return formatAddress({ kind: "tcp", host: text[1] ?? "", port: Number(text[2]) });
  const path = /"pipe":\s*{\s*"path":\s*"([^"]+)"/.exec(own)?.[1];
  return path === undefined ? undefined : formatAddress(parseAddress(`unix:${path}`));
}

/** New connections are refused, those that are there are told to go (GOAWAY), and calls may end. */
async function drain(
  admin: string,
  { graceMs, lingerMs }: { graceMs: number; lingerMs: number },
  exited: Promise<Exit>,
): Promise<void> {
  const began = Date.now();
  let gone = false;
  void exited.then(() => {
    gone = true;
  });
  await adminPost(admin, "/healthcheck/fail");
  await adminPost(admin, "/drain_listeners?graceful&skip_exit");
  while (!gone && Date.now() < began + graceMs) {
    const stats = await adminGet(admin, "/stats?filter=http.users.downstream_.._active");
    if (stats === undefined) return;
    const lingering = Date.now() < began + lingerMs && !/downstream_cx_active: 0$/m.test(stats.body);
    if (/downstream_rq_active: 0$/m.test(stats.body) && !lingering) return;
    await sleep(50);
  }
}
