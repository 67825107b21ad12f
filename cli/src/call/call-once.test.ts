import { CallRequest, CallResponse } from "@podule/proto/podule/v1/calls.ts";
import { expect, test } from "vitest";
import { PoduleError } from "../client/podule.ts";
import { callOnce } from "./call-once.ts";

const failed = (code: "UNAVAILABLE" | "ABORTED") =>
  new PoduleError({ code, reason: "SOME", message: "broke" });

/** Fails so often, then answers. */
function peer(failures: number, code: "UNAVAILABLE" | "ABORTED") {
  const sent: CallRequest[] = [];
  const timeouts: (number | undefined)[] = [];
  const send = async (request: CallRequest, timeoutMs: number | undefined) => {
    sent.push(request);
    timeouts.push(timeoutMs);
    if (sent.length <= failures) throw failed(code);
    return CallResponse.create({ session: "s" });
  };
  return { sent, timeouts, send };
}

test("what broke is sent again under the same id, and says so", async () => {
  const { sent, timeouts, send } = peer(2, "UNAVAILABLE");
  const { session } = await callOnce(send, CallRequest.create({ function: "f" }), 10_000, undefined);
  expect(session).toBe("s");
  expect(sent.map(({ retry }) => retry)).toEqual([false, true, true]);
  expect(new Set(sent.map(({ requestId }) => requestId)).size).toBe(1);
  expect(sent[0]?.requestId).toMatch(/^[0-9a-f-]{36}$/);
  const [first = 0, second = 0, third = 0] = timeouts;
  expect(first).toBeGreaterThan(second);
  expect(second).toBeGreaterThan(third);
});

test("an answer of the server is final; so is the last attempt, and the end of the time", async () => {
  const aborted = peer(1, "ABORTED");
  await expect(callOnce(aborted.send, CallRequest.create(), undefined, undefined)).rejects.toThrow("broke");
  expect(aborted.sent).toHaveLength(1);
  const gone = peer(9, "UNAVAILABLE");
  await expect(callOnce(gone.send, CallRequest.create(), undefined, undefined)).rejects.toThrow("broke");
  expect(gone.sent).toHaveLength(4);
  const late = peer(9, "UNAVAILABLE");
  await expect(callOnce(late.send, CallRequest.create(), 50, undefined)).rejects.toThrow("broke");
  expect(late.sent).toHaveLength(1);
});
