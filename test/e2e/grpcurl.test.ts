import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, expect, test } from "vitest";
import { grpcurl, grpcurlAnswers } from "../stack/grpcurl.ts";
import { tool } from "../stack/tools.ts";
import { useStack } from "../stack/use-stack.ts";

const running = useStack();
const answers = (method: string, data?: unknown) => grpcurlAnswers(running.stack.address, method, data);
const ask = (method: string, data?: unknown, flags?: string[]) =>
  grpcurl(running.stack.address, method, data, flags);

describe("reflection", () => {
  test("lists the services", async () => {
    const { stdout } = await ask("list");
    expect(stdout.trim().split("\n")).toEqual(
      expect.arrayContaining([
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
        "podule.v1.Calls",
        "podule.v1.Modules",
        "podule.v1.Pods",
        "podule.v1.Traces",
      ]),
    );
  });

  test("describes services, methods and messages, with their comments", async () => {
    const service = await ask("describe podule.v1.Calls");
    expect(service.stdout).toContain(
      "rpc Stream ( .podule.v1.CallRequest ) returns ( stream .podule.v1.StreamResponse );",
    );
    const message = await ask("describe podule.v1.CallRequest");
    expect(message.stdout).toContain("map<string, .podule.v1.Value> kwargs = 4;");
    expect(message.stdout).toMatch(/\/\/ .*\("sum", "linalg\.svd"\)/);
    const unknown = await ask("describe podule.v1.Nothing");
    expect(unknown.code).not.toBe(0);
    expect(unknown.stderr).toContain("Symbol not found");
  });

  test("a method's template can be filled in and sent", async () => {
    const { stdout } = await ask("describe .podule.v1.ListModulesRequest", undefined, ["-msg-template"]);
    const template: unknown = JSON.parse(stdout.slice(stdout.indexOf("{", stdout.indexOf("template:"))));
    expect(template).toEqual({ pageSize: 0, pageToken: "", filter: "" });
    await answers("podule.v1.Modules/ListModules", template);
  });
});

describe("calls", () => {
  test("the short form as typed", async () => {
    const [answer] = await answers(
      "podule.v1.Calls/Call",
      '{"module":"numpy","function":"sum","args":[{"json":[1,2,3,4]}]}',
    );
    expect(answer).toMatchObject({ result: { int: "10" } });
  });

  test("int, float and str are kept apart", async () => {
    const describe_ = async (args: unknown) =>
      (await answers("podule.v1.Calls/Call", { module: "builtins", function: "repr", args }))[0];
    expect(await describe_([{ json: [1, 1.5, "1", true, null, { a: 2 ** 54 }] }])).toEqual({
      result: { str: "[1, 1.5, '1', True, None, {'a': 1.8014398509481984e+16}]" },
    });
    expect(await describe_([{ float: 1 }])).toEqual({ result: { str: "1.0" } });
    expect(await describe_([{ int: "9223372036854775807" }])).toEqual({
      result: { str: "9223372036854775807" },
    });
    const [float] = await answers("podule.v1.Calls/Call", {
      module: "operator",
      function: "truediv",
      args: [{ int: 4 }, { int: 2 }],
    });
    expect(float).toEqual({ result: { float: 2 } });
  });

  test("kwargs, dotted paths and bytes", async () => {
    const [sorted] = await answers("podule.v1.Calls/Call", {
      module: "builtins",
      function: "sorted",
      args: [{ json: [1, 3, 2] }],
      kwargs: { reverse: { bool: true } },
    });
    expect(sorted).toEqual({ result: { list: { items: [{ int: "3" }, { int: "2" }, { int: "1" }] } } });
    const [joined] = await answers("podule.v1.Calls/Call", {
      module: "os",
      function: "path.join",
      args: [{ str: "a" }, { str: "b" }],
    });
    expect(joined).toEqual({ result: { str: "a/b" } });
    const [encoded] = await answers("podule.v1.Calls/Call", {
      module: "base64",
      function: "b64encode",
      args: [{ bytes: Buffer.from("hi").toString("base64") }],
    });
    expect(encoded).toEqual({ result: { bytes: Buffer.from("aGk=").toString("base64") } });
  });

  test("a stream's items, one message each", async () => {
    const items = await answers("podule.v1.Calls/Stream", {
      module: "builtins",
      function: "range",
      args: [{ int: 3 }],
    });
    expect(items).toEqual([{ item: { int: "0" } }, { item: { int: "1" } }, { item: { int: "2" } }]);
  });

  test("an exception: code, message and details", async () => {
    const { code, stderr } = await ask("podule.v1.Calls/Call", {
      module: "operator",
      function: "truediv",
      args: [{ int: 1 }, { int: 0 }],
    });
    expect(code).not.toBe(0);
    expect(stderr).toContain("division by zero");
    expect(stderr).toMatch(/"domain": ?"podule\.dev"/);
    expect(stderr).toContain("ZeroDivisionError");
  });
});

test("modules: create, get, list, update, delete", async () => {
  const [created] = await answers("podule.v1.Modules/CreateModule", { module_id: "colorsys" });
  expect(created).toMatchObject({ name: "modules/colorsys", generation: "1" });
  const [got] = await answers("podule.v1.Modules/GetModule", { name: "modules/colorsys" });
  expect(got).toMatchObject({ name: "modules/colorsys" });
  const [list] = await answers("podule.v1.Modules/ListModules", { filter: 'name = "modules/colorsys"' });
  expect(list).toMatchObject({ modules: [{ name: "modules/colorsys" }] });
  const [updated] = await answers("podule.v1.Modules/UpdateModule", {
    module: { name: "modules/colorsys", spec: { workers: 2 } },
    // As this grpcurl writes a FieldMask; newer ones write "spec.workers".
    update_mask: { paths: ["spec.workers"] },
  });
  expect(updated).toMatchObject({ generation: "2", spec: { workers: 2 } });
  expect(await answers("podule.v1.Modules/DeleteModule", { name: "modules/colorsys" })).toEqual([{}]);
});

describe("health", () => {
  test("check and list", async () => {
    expect(await answers("grpc.health.v1.Health/Check", {})).toEqual([{ status: "SERVING" }]);
    expect(await answers("grpc.health.v1.Health/Check", { service: "podule.v1.Calls" })).toEqual([
      { status: "SERVING" },
    ]);
    const unknown = await ask("grpc.health.v1.Health/Check", { service: "nothing" });
    expect(unknown.stderr).toContain("NotFound");
    const [list] = await answers("grpc.health.v1.Health/List", {});
    expect(list).toMatchObject({
      statuses: { "": { status: "SERVING" }, "podule.v1.Calls": { status: "SERVING" } },
    });
  });

  test("watch", async () => {
    expect(await firstAnswer("grpc.health.v1.Health/Watch")).toEqual({ status: "SERVING" });
  });
});

test("modules: watch", async () => {
  const first = await firstAnswer("podule.v1.Modules/WatchModules", { filter: 'name = "modules/nobody"' });
  expect(first).toEqual({ type: "SYNCED" });
});

/** Of a stream without end. */
async function firstAnswer(method: string, data: unknown = {}): Promise<unknown> {
  const flags = ["-plaintext", "-d", JSON.stringify(data), running.stack.address, method];
  const child = spawn(await tool("grpcurl"), flags, { stdio: ["ignore", "pipe", "inherit"] });
  try {
    let first = "";
    for await (const line of createInterface({ input: child.stdout })) {
      first += line;
      if (line === "}") break;
    }
    return JSON.parse(first);
  } finally {
    child.kill();
    await once(child, "exit");
  }
}
