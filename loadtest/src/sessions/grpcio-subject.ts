import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { CallsDefinition } from "@podule/proto/podule/v1/calls.ts";
import type { Value } from "@podule/proto/podule/v1/value.ts";
import { float64s, int, list } from "@podule/test/stack/values.ts";
import { createChannel, createClient } from "nice-grpc";
import { PEERS, type PeerPlace, pythonPeer } from "./peer-environment.ts";
import type { Subject } from "./subject.ts";

/** A hand-written Python server reached directly; objects stay in a dict of its own. */
export async function grpcioSubject(place: PeerPlace, mode: "sync" | "aio"): Promise<Subject> {
  const folder = await pythonPeer(place, "grpcio-numpy", true);
  const script = join(PEERS, "grpcio-numpy-server.py");
  const child = spawn(join(folder, "venv/bin/python"), [script, join(folder, "stubs"), mode], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [port]: unknown[] = await Promise.race([once(lines, "line"), ended.then(() => [])]);
  if (typeof port !== "string") throw new Error("The server did not start");
  const unbounded = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
  const channel = createChannel(`127.0.0.1:${port}`, undefined, unbounded);
  const calls = createClient(CallsDefinition, channel);
  const call = async (module: string, name: string, ...args: Value[]): Promise<Value> => {
    const { result } = await calls.call({ module, function: name, args });
    if (result === undefined) throw new Error("No result");
    return result;
  };
  const items = (...numbers: number[]): Value => list(...numbers.map((number) => int(number)));
  return {
    name: `grpcio ${mode}`,
    add: () => call("operator", "add", int(1), int(2)),
    sum: (array) => call("numpy", "sum", arrayValue(array)),
    heldSum: async () => call("numpy", "sum", await call("numpy", "array", items(1, 2, 3, 4))),
    async chain() {
      let value = await call("numpy", "array", items(1, 2, 3));
      for (let n = 0; n < 10; n++) value = await call("numpy", "add", value, int(1));
      return call("numpy", "sum", value);
    },
    async [Symbol.asyncDispose]() {
      channel.close();
      child.stdin.end();
      const late = setTimeout(() => child.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(late);
    },
  };
}

/** Over the array's own memory. */
function arrayValue(array: Float64Array): Value {
  const { kind, dtype } = float64s([]);
  if (kind?.$case !== "ndarray") throw new Error("Not an array");
  const data = Buffer.from(array.buffer, array.byteOffset, array.byteLength);
  return { dtype, kind: { $case: "ndarray", value: { ...kind.value, shape: [BigInt(array.length)], data } } };
}
