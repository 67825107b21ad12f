import { ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import { connect } from "@podule/test/stack/client.ts";
import { bytes, int } from "@podule/test/stack/values.ts";
import podule from "../../../../clients/typescript/src/index.ts";
import { closedLoop } from "../../sessions/closed-loop.ts";
import type { Row } from "../../sessions/row.ts";
import type { Measured } from "../result.ts";
import type { Scenario } from "../scenario.ts";
import { noFailure } from "./unary.ts";

interface Operator {
  add(a: number, b: number): number;
}

const PAYLOAD = 8 * 2 ** 20;

export const shown = (row: Row): Measured => ({
  side: row.subject,
  scenario: row.scenario,
  "in flight": row.inFlight,
  "calls/s": row.callsPerSecond,
  "p50 ms": row.p50Ms,
  "p99 ms": row.p99Ms,
  failed: row.failed,
});

export const session: Scenario = {
  name: "session",
  about:
    "operator.add(1, 2) in one session of the TypeScript client, 64 in flight; beside unary calls to grpcio from Node",
  isQuick: true,
  async run(bench) {
    const peer = await bench.startControl();
    const stack = await bench.startStack();
    const seconds = bench.isLong ? 5 : 3;
    const grpcio = connect(peer.address);
    const connection = podule.connect({ url: stack.address });
    try {
      const operator = await connection.import<Operator>("operator");
      const what = { scenario: "session", inFlight: 64 };
      const own = await closedLoop({ ...what, subject: "podule" }, seconds, () => operator.add(1, 2));
      const control = await closedLoop({ ...what, subject: "grpcio" }, seconds, () =>
        grpcio.call("operator", "add", [int(1), int(2)]),
      );
      const ratio = own.callsPerSecond / control.callsPerSecond;
      return {
        rows: [own, control].map(shown),
        gates: [
          { what: "calls/s over grpcio's", value: ratio, bound: 8, is: "at least", kind: "ratio" },
          noFailure(own.failed + control.failed),
        ],
      };
    } finally {
      grpcio.close();
      await connection.close();
    }
  },
};

export const payload: Scenario = {
  name: "8 MB payload",
  about: "builtins.len of 8 MiB of bytes, unary, two in flight; beside grpcio",
  async run(bench) {
    const peer = await bench.startControl();
    const stack = await bench.startStack();
    const sides = [
      ["podule", connect(stack.address)],
      ["grpcio", connect(peer.address)],
    ] as const;
    const argument = bytes(Buffer.alloc(PAYLOAD, 7));
    const rows: Row[] = [];
    for (const [subject, connection] of sides) {
      const what = { subject, scenario: "payload", inFlight: 2 };
      rows.push(await closedLoop(what, 5, () => connection.call("builtins", "len", [argument])));
      connection.close();
    }
    const [own, control] = rows;
    return {
      rows: rows.map(shown),
      gates: [
        {
          what: "MB/s over grpcio's",
          value: (own?.callsPerSecond ?? 0) / (control?.callsPerSecond ?? 1),
          bound: 0.4,
          is: "at least",
          kind: "ratio",
        },
        noFailure(rows.reduce((sum, { failed }) => sum + failed, 0)),
      ],
    };
  },
};

const MODULES = 20;

export const manyModules: Scenario = {
  name: "many modules",
  about:
    "twenty modules, each in a pod of its own, called in turn, 32 in flight; beside as many calls to one module",
  async run(bench) {
    const stack = await bench.startStack();
    const connection = connect(stack.address);
    const ids = Array.from({ length: MODULES }, (_, n) => `many${n}`);
    for (const moduleId of ids)
      await stack.connection.modules.createModule({
        moduleId,
        module: { spec: ModuleSpec.create({ importName: "operator", dependency: [] }) },
      });
    const add = (id: string) => connection.call(id, "add", [int(1), int(2)]);
    await Promise.all(ids.map(add));
    const rows: Row[] = [];
    for (const [subject, used] of [
      ["twenty", ids],
      ["one", ids.slice(0, 1)],
    ] as const) {
      let turn = 0;
      const call = () => add(used[turn++ % used.length] ?? "");
      rows.push(await closedLoop({ subject, scenario: "many", inFlight: 32 }, 5, call));
    }
    connection.close();
    const [many, one] = rows;
    return {
      rows: rows.map(shown),
      gates: [
        {
          what: "calls/s of twenty modules over those of one",
          value: (many?.callsPerSecond ?? 0) / (one?.callsPerSecond ?? 1),
          bound: 0.5,
          is: "at least",
          kind: "ratio",
        },
        noFailure(rows.reduce((sum, { failed }) => sum + failed, 0)),
      ],
    };
  },
};
