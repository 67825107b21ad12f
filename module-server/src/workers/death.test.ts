import { reasonOf } from "@podule/grpc";
import { Status } from "nice-grpc-common";
import { expect, test } from "vitest";
import { describeDeath, signalName } from "./death.ts";

const unknown = { exit: undefined, killedBecause: undefined, outOfMemory: undefined };
const signal = (number: number) => ({ code: null, signal: number });

test.each([
  [
    "killed by us, whatever the signal",
    { ...unknown, killedBecause: "it was slow", exit: signal(9) },
    "WORKER_KILLED",
  ],
  ["a segmentation fault", { ...unknown, exit: signal(11) }, "WORKER_CRASHED"],
  ["os._exit", { ...unknown, exit: { code: 0, signal: null } }, "WORKER_EXITED"],
  ["SIGKILL, and the kernel has struck", { ...unknown, exit: signal(9), outOfMemory: true }, "OUT_OF_MEMORY"],
  ["SIGKILL, and the kernel has not", { ...unknown, exit: signal(9), outOfMemory: false }, "WORKER_CRASHED"],
  ["SIGKILL, and nothing is known", { ...unknown, exit: signal(9) }, "PROBABLY_OUT_OF_MEMORY"],
  [
    "another signal while memory is short",
    { ...unknown, exit: signal(6), outOfMemory: true },
    "WORKER_CRASHED",
  ],
  ["nothing known", unknown, "WORKER_CRASHED"],
])("%s", (_name, death, reason) => {
  const status = describeDeath(death, "numpy");
  expect([status.code, reasonOf(status)]).toEqual([Status.ABORTED, reason]);
});

test("signals have names", () => {
  expect([signalName(11), signalName(6), signalName(250)]).toEqual(["SIGSEGV", "SIGABRT", "signal 250"]);
});
