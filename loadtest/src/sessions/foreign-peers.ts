import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { npmPeer, PEERS, type PeerPlace, pythonPeer } from "./peer-environment.ts";
import { parseRow, type Row } from "./row.ts";

const PYTHONIA = "1.2.6";
const RUN_MS = 240_000;

export interface ForeignPeer {
  readonly name: string;
  /** The command line up to the seconds. */
  command(place: PeerPlace): Promise<readonly string[]>;
  /** What it is told by its environment. */
  env?(place: PeerPlace): Promise<Readonly<Record<string, string>>>;
}

function python(name: string, script: string): ForeignPeer {
  return {
    name,
    command: async (place) => [
      join(await pythonPeer(place, script, false), "venv/bin/python"),
      join(PEERS, `${script}-peer.py`),
    ],
  };
}

/** Peers that bring their own client. */
export const FOREIGN_PEERS: readonly ForeignPeer[] = [
  python("RPyC", "rpyc"),
  python("Pyro5", "pyro5"),
  python("Ray actor", "ray"),
  {
    name: "JSPyBridge",
    command: async (place) => [
      process.execPath,
      join(PEERS, "jspybridge-peer.mjs"),
      await npmPeer(place, "pythonia", PYTHONIA),
    ],
    // Any Python that has numpy.
    env: async (place) => ({
      PYTHON_BIN: join(await pythonPeer(place, "pyro5", false), "venv/bin/python"),
    }),
  },
];

/** Runs the peer's own measurements. Throws where it cannot be installed or does not end well. */
export async function measurePeer(
  peer: ForeignPeer,
  place: PeerPlace,
  seconds: number,
  concurrencies: readonly number[],
  onRow: (row: Row) => void,
): Promise<void> {
  const [program = "", ...args] = await peer.command(place);
  const child = spawn(program, [...args, String(seconds), ...concurrencies.map(String)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", ...(await peer.env?.(place)) },
    detached: true,
  });
  const ended = once(child, "exit");
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors = `${errors}${chunk}`.slice(-2000);
  });
  let rows = 0;
  const lines = createInterface({ input: child.stdout }).on("line", (line) => {
    const row = parseRow(peer.name, line);
    if (row === undefined) return;
    rows += 1;
    onRow(row);
  });
  const late = setTimeout(() => killGroup(child.pid), RUN_MS);
  const [code] = await ended;
  clearTimeout(late);
  killGroup(child.pid);
  lines.close();
  if (code !== 0 || rows === 0)
    throw new Error(`exit code ${String(code)}: ${errors.trim().split("\n").at(-1) ?? ""}`);
}

/** What it has started too. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All of it has ended.
  }
}
