import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export type Part = "launcher" | "guard" | "envoy" | "manager" | "pod" | "zygote" | "worker" | "other";

export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly part: Part;
  readonly command: string;
}

/**
 * The processes that have `folder` in their command or environment: those of one stack, whoever their parent is
 * now. Dead ones that wait for their parent are not counted.
 */
export function processesOf(folder: string): Process[] {
  const found = new Map<number, Process>();
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const process_ = readProcess(pid, folder);
    if (process_ !== undefined) found.set(pid, process_);
  }
  return [...found.values()].map((process_) => {
    const forked = process_.part === "zygote" && found.get(process_.parent)?.part === "zygote";
    return forked ? { ...process_, part: "worker" } : process_;
  });
}

/** Waits until no process of the stack is left, and returns those that stayed. */
export async function remaining(folder: string, withinMs: number): Promise<Process[]> {
  const end = Date.now() + withinMs;
  for (;;) {
    const left = processesOf(folder);
    if (left.length === 0 || Date.now() > end) return left;
    await sleep(50);
  }
}

/** Resident memory of a process in bytes; 0 once it is gone. */
export function residentBytes(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]);
    return pages * 4096;
  } catch {
    return 0;
  }
}

/** Open file descriptors of a process. */
export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Addresses on which a process listens for TCP ("127.0.0.1:50051", "[::]:80" as hexadecimal for IPv6). */
export function listeningOn(pid: number): string[] {
  const sockets = new Set<string>();
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${name}`))?.[1];
    if (inode !== undefined) sockets.add(inode);
  }
  return [...tcpListeners(pid, "tcp", sockets), ...tcpListeners(pid, "tcp6", sockets)];
}

function tcpListeners(pid: number, table: "tcp" | "tcp6", sockets: ReadonlySet<string>): string[] {
  const LISTEN = "0A";
  return readFileSync(`/proc/${pid}/net/${table}`, "latin1")
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTEN && sockets.has(fields[9] ?? ""))
    .map((fields) => address(fields[1] ?? ""));
}

function address(hexadecimal: string): string {
  const [host = "", port = ""] = hexadecimal.split(":");
  const bytes =
    host.length === 8 ? (host.match(/../g) ?? []).reverse().map((b) => Number.parseInt(b, 16)) : [];
  return `${bytes.length === 4 ? bytes.join(".") : `[${host}]`}:${Number.parseInt(port, 16)}`;
}

function readProcess(pid: number, folder: string): Process | undefined {
  const command = read(`/proc/${pid}/cmdline`);
  if (!command.includes(folder) && !read(`/proc/${pid}/environ`).includes(folder)) return undefined;
  const stat = read(`/proc/${pid}/stat`);
  const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (state === undefined || state === "Z" || state === "X") return undefined;
  const words = command.split("\0").filter((word) => word !== "");
  return { pid, parent: Number(parent), part: partOf(words), command: words.join(" ") };
}

function partOf(words: readonly string[]): Part {
  const has = (end: string) => words.some((word) => word.endsWith(end));
  if (has("module-server/worker/run.py")) return "zygote";
  if (has("module-server/src/main.ts")) return "pod";
  if (has("pod-manager/src/main.ts")) return "manager";
  if (has("/guard.ts") || has("/guard/main.ts")) return "guard";
  if (words[0]?.endsWith("/envoy") === true) return "envoy";
  if (has("cli/src/main.ts")) return "launcher";
  return "other";
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
