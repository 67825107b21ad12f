import { reasonOf, rpcStatus } from "@podule/grpc";
import { Status as RpcStatusMessage } from "@podule/proto/google/rpc/status.ts";
import { Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { Status } from "nice-grpc-common";
import { expect, test } from "vitest";
import { outcomeOf, type PodEnd } from "./pod-end.ts";

const end: PodEnd = {
  name: "pods/numpy-x7k2p",
  moduleId: "numpy",
  wasReady: false,
  asked: false,
  code: 1,
  signal: null,
  terminationMessage: "",
  lastErrors: "",
};

test("an end that was asked for is a success, unless there was a cause", () => {
  expect(outcomeOf({ ...end, asked: true, signal: "SIGKILL", code: null })).toEqual({
    state: Pod_State.SUCCEEDED,
    error: undefined,
  });
  const cause = rpcStatus(Status.ABORTED, "REPLACED", "another one");
  expect(outcomeOf({ ...end, asked: true, cause })).toEqual({ state: Pod_State.FAILED, error: cause });
});

test("the termination message is the error of a pod that could not start", () => {
  const status = rpcStatus(Status.FAILED_PRECONDITION, "IMPORT_FAILED", "No module named 'nope'");
  const terminationMessage = JSON.stringify(RpcStatusMessage.toJSON(status));
  const { state, error } = outcomeOf({ ...end, terminationMessage });
  expect(state).toBe(Pod_State.FAILED);
  expect(error).toMatchObject({ code: Status.FAILED_PRECONDITION, message: "No module named 'nope'" });
  expect(error && reasonOf(error)).toBe("IMPORT_FAILED");
});

test.each(["", "no json", "{}", '{"code": 0}', '{"code": 99, "message": "x"}', "[]", "null", '"x"'])(
  "a termination message %j that says nothing gives way to the last lines of stderr",
  (terminationMessage) => {
    const { state, error } = outcomeOf({ ...end, terminationMessage, lastErrors: "Traceback\nMemoryError" });
    expect(state).toBe(Pod_State.FAILED);
    expect(error?.code).toBe(Status.FAILED_PRECONDITION);
    expect(error?.message).toContain("exited with code 1 before it was ready: MemoryError");
    expect(error && reasonOf(error)).toBe("POD_NOT_STARTED");
  },
);

test("a ready pod that dies is unavailable; one that exits 0 has succeeded", () => {
  const died = outcomeOf({ ...end, wasReady: true, code: null, signal: "SIGKILL" });
  expect(died.error).toMatchObject({ code: Status.UNAVAILABLE });
  expect(died.error && reasonOf(died.error)).toBe("POD_DIED");
  expect(died.error?.message).toContain("was ended by SIGKILL");
  expect(outcomeOf({ ...end, wasReady: true, code: 0 }).state).toBe(Pod_State.SUCCEEDED);
  expect(outcomeOf({ ...end, wasReady: false, code: 0 }).state).toBe(Pod_State.FAILED);
});
