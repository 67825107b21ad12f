import { closedLoop } from "../../sessions/closed-loop.ts";
import { FOREIGN_PEERS, measurePeer } from "../../sessions/foreign-peers.ts";
import { grpcioSubject } from "../../sessions/grpcio-subject.ts";
import type { Row } from "../../sessions/row.ts";
import type { Measured } from "../result.ts";
import type { Scenario } from "../scenario.ts";
import { shown } from "./session.ts";

const SECONDS = 2;
const IN_FLIGHT = [1, 64];

export const peers: Scenario = {
  name: "peers",
  about:
    "grpcio (sync and aio, from Node), RPyC, Pyro5, a Ray actor and JSPyBridge, each by its own client, on the same machine in the same run",
  async run(bench) {
    const rows: Measured[] = [];
    const add = (row: Row) => rows.push(shown(row));
    const notes: string[] = [];
    for (const mode of ["sync", "aio"] as const) {
      await using subject = await grpcioSubject(bench, mode);
      for (const inFlight of IN_FLIGHT)
        add(await closedLoop({ subject: subject.name, scenario: "add", inFlight }, SECONDS, subject.add));
    }
    for (const peer of FOREIGN_PEERS)
      await measurePeer(peer, bench, SECONDS, IN_FLIGHT, add).catch((error: unknown) =>
        notes.push(`${peer.name} was left out: ${String(error)}`),
      );
    return { rows, gates: [], notes };
  },
};
