import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { basename } from "node:path";
import { UserError } from "../user-error.ts";

/** Undefined when the port is free, else who has it ("node (pid 4711)"), or "another process". */
export async function whoHasPort(host: string, port: number): Promise<string | undefined> {
  if (port === 0) return undefined;
  const code = await tryToListen(host, port);
  if (code === undefined) return undefined;
  if (code !== "EADDRINUSE") throw new UserError(`Cannot listen on ${host}:${port}: ${code}`);
  return owner(port) ?? "another process";
}

function tryToListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve("code" in error ? String(error.code) : error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/** As far as /proc tells it: only for processes of the same user, only on Linux. */
function owner(port: number): string | undefined {
  try {
    const inodes = listeningInodes(port);
    for (const pid of readdirSync("/proc")) {
      if (/^\d+$/.test(pid) && hasSocket(pid, inodes)) {
        return `${nameOf(pid)} (pid ${pid})`;
      }
    }
  } catch {
    // No /proc: no answer.
  }
  return undefined;
}

/** By the command: the name of the main thread, which `comm` has, is "MainThread" in Node. */
function nameOf(pid: string): string {
  const [program = ""] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  return basename(program) || readFileSync(`/proc/${pid}/comm`, "utf8").trim();
}

function listeningInodes(port: number): Set<string> {
  const LISTEN = "0A";
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return new Set(
    ["/proc/net/tcp", "/proc/net/tcp6"]
      .flatMap((table) => readFileSync(table, "latin1").split("\n").slice(1))
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[1]?.endsWith(`:${hex}`) === true && fields[3] === LISTEN)
      .map((fields) => `socket:[${fields[9]}]`),
  );
}

function hasSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return inodes.has(readlinkSync(`/proc/${pid}/fd/${fd}`));
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}
