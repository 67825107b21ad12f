import { gzipSync } from "node:zlib";
import { CallRequest } from "@podule/proto/podule/v1/calls.ts";
import { Metadata } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CallFailure, failure } from "../stack/call-failure.ts";
import { openFiles, residentBytes } from "../stack/processes.ts";
import { type RawAnswer, rawUnary } from "../stack/raw-client.ts";
import { useStack } from "../stack/use-stack.ts";
import { bytes, dict, int, json, list, none, plain, str, value } from "../stack/values.ts";

const running = useStack({ probe: true });
const { call, modules } = {
  call: (...args: Parameters<typeof running.stack.connection.call>) => running.stack.connection.call(...args),
  modules: () => running.stack.connection.modules,
};

const CALL = "/podule.v1.Calls/Call";
const raw = (path: string, message: Uint8Array, options?: Parameters<typeof rawUnary>[3]) =>
  rawUnary(running.stack.address, path, message, options);

function request(fields: Partial<CallRequest>): Buffer {
  const full = CallRequest.create({ module: "probe", function: "echo", ...fields });
  return Buffer.from(CallRequest.encode(CallRequest.create(full)).finish());
}

/** Nested lists, written by hand: no encoder would go so deep. */
function nested(levels: number): Buffer {
  const LIST = 0x3a;
  const ITEMS = 0x0a;
  let value_: Buffer = Buffer.from([0x18, 0x02]);
  for (let i = 0; i < levels; i++) value_ = field(LIST, field(ITEMS, value_));
  return Buffer.concat([request({}), field(0x1a, value_)]);
}

function field(tag: number, body: Buffer): Buffer {
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

type Case = readonly [name: string, attempt: () => Promise<CallFailure | RawAnswer>, codes: string];

const cases: readonly Case[] = [
  ["malformed protobuf", () => raw(CALL, Buffer.from("ffffffffff", "hex")), "INVALID_ARGUMENT"],
  [
    "a truncated argument",
    () => raw(CALL, Buffer.concat([request({}), Buffer.from("1aff", "hex")])),
    "INVALID_ARGUMENT",
  ],
  ["an empty message", () => raw(CALL, Buffer.alloc(0)), "INVALID_ARGUMENT"],
  [
    "a module's name that is not UTF-8",
    () => raw(CALL, field(0x0a, Buffer.from("ff", "hex"))),
    "INVALID_ARGUMENT",
  ],
  [
    "a str that is not UTF-8",
    () => raw(CALL, Buffer.concat([request({}), field(0x1a, field(0x2a, Buffer.from("c328", "hex")))])),
    "INVALID_ARGUMENT",
  ],
  ["an unknown service", () => raw("/podule.v1.Nothing/Call", Buffer.alloc(0)), "UNIMPLEMENTED"],
  ["an unknown method", () => raw("/podule.v1.Calls/Nothing", Buffer.alloc(0)), "UNIMPLEMENTED"],
  [
    "a path that climbs",
    () => raw("/podule.v1.Calls/../../etc/passwd", Buffer.alloc(0)),
    "UNIMPLEMENTED|NOT_FOUND|INTERNAL|INVALID_ARGUMENT|UNKNOWN",
  ],
  [
    "an unknown module",
    () => failure(call("podule_nothing_of_that_name", "f")),
    "NOT_FOUND|FAILED_PRECONDITION",
  ],
  ["a module named ../../etc/passwd", () => failure(call("../../etc/passwd", "f")), "INVALID_ARGUMENT"],
  ["a module named a/b", () => failure(call("a/b", "f")), "INVALID_ARGUMENT"],
  ["a module's name of 1 MB", () => failure(call("m".repeat(1 << 20), "f")), "INVALID_ARGUMENT"],
  ["a module's name with a line end and NUL", () => failure(call("numpy\n\0", "f")), "INVALID_ARGUMENT"],
  ["a requirement that is an option", () => failure(create(["--index-url=file:///etc"])), "INVALID_ARGUMENT"],
  [
    "a resource name that climbs",
    () => failure(modules().getModule({ name: "modules/../../x" })),
    "INVALID_ARGUMENT|NOT_FOUND",
  ],
  ["an unknown function", () => failure(call("probe", "nothing")), "NOT_FOUND"],
  ["a function named ../x", () => failure(call("probe", "../x")), "INVALID_ARGUMENT|NOT_FOUND"],
  [
    "the interpreter's innards",
    () => failure(call("probe", "echo.__globals__")),
    "INVALID_ARGUMENT|NOT_FOUND|PERMISSION_DENIED|FAILED_PRECONDITION",
  ],
  [
    "too many arguments",
    () =>
      failure(
        call(
          "probe",
          "pid",
          Array.from({ length: 10_000 }, () => none),
        ),
      ),
    "INVALID_ARGUMENT",
  ],
  [
    "an unknown keyword",
    () => failure(call("probe", "pid", [], { kwargs: { "no such": none } })),
    "INVALID_ARGUMENT",
  ],
  ["an unhashable key", () => failure(call("probe", "echo", [dict([list(), none])])), "INVALID_ARGUMENT"],
  ["49 lists deep", () => raw(CALL, nested(49)), "INVALID_ARGUMENT"],
  ["3,000 lists deep", () => raw(CALL, nested(3000)), "INVALID_ARGUMENT"],
  [
    "100 MB in one argument",
    () => failure(call("probe", "echo", [bytes(Buffer.alloc(100 << 20))])),
    "RESOURCE_EXHAUSTED",
  ],
  [
    "a result of 100 MB",
    () => failure(call("operator", "mul", [bytes(Buffer.alloc(1 << 20)), int(100)])),
    "RESOURCE_EXHAUSTED",
  ],
  [
    "an int of a million digits",
    () => failure(call("builtins", "str", [value({ $case: "bigInt", value: Buffer.alloc(400_000, 1) })])),
    "INVALID_ARGUMENT",
  ],
  [
    "a gzip bomb of 1 GB",
    () => raw(CALL, bomb(), { encoding: "gzip" }),
    "RESOURCE_EXHAUSTED|UNIMPLEMENTED|INTERNAL",
  ],
  [
    "gzip that is none",
    () => raw(CALL, Buffer.from("not gzip"), { encoding: "gzip" }),
    "INTERNAL|INVALID_ARGUMENT|UNIMPLEMENTED",
  ],
  [
    "metadata of 1 MB",
    () => failure(call("probe", "pid", [], { metadata: Metadata({ "x-large": "x".repeat(1 << 20) }) })),
    "RESOURCE_EXHAUSTED|INTERNAL|UNAVAILABLE|UNKNOWN|INVALID_ARGUMENT|CANCELLED",
  ],
  [
    "a timeout that is none",
    () => failure(call("probe", "pid", [], { metadata: Metadata({ "grpc-timeout": "soon" }) })),
    "INVALID_ARGUMENT|INTERNAL|UNKNOWN|OK",
  ],
  [
    "a message shorter than it says",
    () => raw(CALL, request({}), { declaredLength: 1 << 20 }),
    "INTERNAL|INVALID_ARGUMENT|UNKNOWN|CANCELLED|UNAVAILABLE",
  ],
  [
    "a message of 4 GB, as it says",
    () => raw(CALL, request({}), { declaredLength: 0xffffffff }),
    "RESOURCE_EXHAUSTED|INTERNAL|CANCELLED|UNAVAILABLE",
  ],
];

function create(dependency: string[]) {
  const empty = {
    importName: "",
    python: "",
    libCpuReq: "",
    libMemSizeReq: "",
    libMemSizeLimit: "",
    path: "",
  };
  return modules().createModule({
    moduleId: "hostile",
    module: { spec: { ...empty, dependency, workers: 0 } },
  });
}

function bomb(): Buffer {
  const member = gzipSync(Buffer.alloc(64 << 20));
  return Buffer.concat(Array.from({ length: 16 }, () => member));
}

describe("bad input", () => {
  const table: string[] = [];
  let pids: readonly number[];
  beforeAll(() => {
    pids = [...running.stack.pids("envoy"), ...running.stack.pids("manager"), ...running.stack.pids("pod")];
  });
  afterAll(() => console.log(table.join("\n")));

  test.each(cases)("%s", async (name, attempt, codes) => {
    const answer = await attempt();
    const text = answer.details.length > 160 ? `${answer.details.slice(0, 160)}…` : answer.details;
    const reason = answer.reason === undefined ? "" : ` [${answer.reason}]`;
    table.push(`${name.padEnd(40)} ${answer.code}${reason}: ${JSON.stringify(text)}`);
    expect(codes.split("|")).toContain(answer.code);
    expect(plain(await call("probe", "echo", [str("still here")]))).toBe("still here");
  });

  test("ended none of the parts", () => {
    const now = running.stack.processes().map(({ pid }) => pid);
    expect(now).toEqual(expect.arrayContaining([...pids]));
  });
});

test("1,000 calls at once to a module that is not started", async () => {
  const { stack } = running;
  const calls = Array.from({ length: 1000 }, (_, i) =>
    stack.connection.call("operator", "add", [int(i), int(1)]),
  );
  const answers = await Promise.all(
    calls.map((answer) => answer.then(plain, (error: Error) => error.message)),
  );
  expect(answers).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
  const { pods } = await stack.connection.pods.listPods({ filter: 'module = "modules/operator"' });
  expect(pods).toHaveLength(1);
});

test("hundreds of bad calls leak neither files nor memory", async () => {
  const { stack } = running;
  const parts = () => stack.processes().filter(({ part }) => part !== "other" && part !== "launcher");
  const bad = async () => {
    const attempts = Array.from({ length: 100 }, (_, i) => [
      failure(call("probe", `nothing${i}`)),
      failure(call("../x", "f")),
      raw(CALL, Buffer.from("ffffffffff", "hex")),
      failure(call("probe", "echo", [dict([list(json([1])), none])])),
    ]);
    await Promise.all(attempts.flat());
  };
  await bad();
  const before = new Map(
    parts().map(({ pid }) => [pid, { files: openFiles(pid), bytes: residentBytes(pid) }]),
  );
  for (let i = 0; i < 5; i++) await bad();
  for (const { pid, part } of parts()) {
    const then = before.get(pid);
    if (then === undefined) continue;
    // Envoy sees a moment later that the last round's clients have closed their connections.
    await expect
      .poll(() => openFiles(pid) - then.files, { timeout: 10_000, message: `files of ${part}` })
      .toBeLessThan(20);
    expect.soft((residentBytes(pid) - then.bytes) / (1 << 20), `MiB of ${part}`).toBeLessThan(64);
  }
});
