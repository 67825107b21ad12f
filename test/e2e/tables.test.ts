import { ArrowData_Kind } from "@podule/proto/podule/v1/value.ts";
import { expect, test } from "vitest";
import { spec } from "../stack/modules.ts";
import { useStack } from "../stack/use-stack.ts";
import { json, plain, received, value } from "../stack/values.ts";

const running = useStack();
const call = (...args: Parameters<typeof running.stack.connection.call>) =>
  running.stack.connection.call(...args);

const columns = json({ a: [1, 2, 3], b: ["x", null, "z"], c: [0.5, null, 2] });

test("DataFrames and tables travel as Arrow IPC, both ways", async () => {
  const dependency = ["pandas", "pyarrow"];
  const { modules } = running.stack.connection;
  await modules.createModule({ moduleId: "pandas", module: { spec: spec({ dependency }) } });
  const frame = await call("pandas", "DataFrame", [columns]);
  expect(frame?.kind).toMatchObject({ $case: "arrow", value: { kind: ArrowData_Kind.PANDAS } });
  if (frame === undefined) return;
  const text = plain(await call("pandas", "DataFrame.to_json", [frame]));
  expect(JSON.parse(String(text))).toEqual({
    a: { 0: 1, 1: 2, 2: 3 },
    b: { 0: "x", 1: null, 2: "z" },
    c: { 0: 0.5, 1: null, 2: 2 },
  });

  await modules.createModule({ moduleId: "pyarrow", module: { spec: spec({ dependency }) } });
  const table = await call("pyarrow", "table", [columns]);
  expect(table?.kind).toMatchObject({ $case: "arrow", value: { kind: ArrowData_Kind.TABLE } });
  if (table === undefined) return;
  expect(plain(await call("pyarrow", "Table.to_pylist", [table]))).toEqual([
    { a: 1, b: "x", c: 0.5 },
    { a: 2, b: null, c: null },
    { a: 3, b: "z", c: 2 },
  ]);
  // What is no Arrow IPC is refused before the call.
  const broken = value({ $case: "arrow", value: { kind: ArrowData_Kind.TABLE, ipc: Buffer.from("no") } });
  await expect(call("pyarrow", "Table.to_pylist", [received(broken)])).rejects.toThrow(/INVALID_ARGUMENT/);
});
