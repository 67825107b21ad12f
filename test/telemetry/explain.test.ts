import { Metadata } from "nice-grpc";
import { expect, test } from "vitest";
import { failure } from "../stack/call-failure.ts";
import { podule } from "../stack/podule-command.ts";
import { useStack } from "../stack/use-stack.ts";
import { float, int } from "../stack/values.ts";

// Nothing is set up for it: no collector, no sampling.
const running = useStack();
const traceOf = (id: string) => running.stack.connection.traces.getTrace({ id });

test("an error's call id: the way of the call as a waterfall", async () => {
  const error = await failure(running.stack.connection.call("math", "sqrt", [int(-1)]));
  const { call_id: callId = "", trace_id: traceId = "" } = error.metadata;
  expect(callId).toMatch(/^[0-9a-f]{16}$/);
  const { code, stdout, stderr } = await podule(running.stack.address, ["explain", callId]);
  expect([code, stderr]).toEqual([0, ""]);
  for (const fact of [
    `trace ${traceId}`,
    "module: math",
    "status: INVALID_ARGUMENT",
    "reason: PYTHON_EXCEPTION",
  ])
    expect(stdout).toContain(fact);
  for (const row of [
    /^manager Calls\/Call +█+ +\d.*s$/m,
    /^ {2}manager wait for pod +█/m,
    /^ +manager start pod +█/m,
    /^ +module-server Calls\/Call +█/m,
    /^ +worker run +█/m,
  ])
    expect(stdout).toMatch(row);
  expect((await traceOf(traceId)).spans.length).toBe((await traceOf(callId)).spans.length);
});

test("the trace id that a caller sent: also of a call that went well", async () => {
  const { connection } = running.stack;
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const metadata = Metadata({ traceparent: `00-${traceId}-b7ad6b7169203331-00` });
  await connection.call("time", "sleep", [float(0.2)], { metadata });
  const trace = await traceOf(traceId);
  expect(trace.traceId).toBe(traceId);
  const worker = trace.spans.find(({ service }) => service === "podule-worker");
  expect(worker?.duration?.nanos).toBeGreaterThanOrEqual(200_000_000);
});

test("an error that the manager makes has an id too", async () => {
  const error = await failure(running.stack.connection.calls.call({ module: "", function: "x" }));
  const { spans } = await traceOf(error.metadata["call_id"] ?? "");
  expect(spans[0]?.attributes.get("podule.reason")).toBe("INVALID_FIELD");
});

test("ids that nobody knows, and what is no id", async () => {
  expect(await failure(traceOf("00000000000000aa"))).toMatchObject({ reason: "TRACE_NOT_FOUND" });
  expect(await failure(traceOf("xyz"))).toMatchObject({ code: "INVALID_ARGUMENT", fields: ["id"] });
});
