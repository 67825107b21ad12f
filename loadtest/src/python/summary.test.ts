import { expect, test } from "vitest";
import { type PythonRun, summarizePython } from "./summary.ts";

const run = (subject: string, calls: number): PythonRun => ({
  subject,
  inFlight: 64,
  calls,
  seconds: 2,
  cpuSeconds: calls / 1e4,
  p50Ms: 1000 / calls,
});

test("medians of the rounds, and the ratio to the better of grpcio's clients in the same round", () => {
  const rounds = [
    [run("podule-threads", 900), run("grpcio-threads", 300), run("grpcio-asyncio", 200)],
    [run("podule-threads", 400), run("grpcio-threads", 100), run("grpcio-asyncio", 50)],
    [run("podule-threads", 200), run("grpcio-threads", 50), run("grpcio-asyncio", 100)],
  ];
  const [podule, grpcio] = summarizePython(rounds);
  expect(podule).toMatchObject({ subject: "podule-threads", inFlight: 64, callsPerSecond: 200, ratio: 3 });
  expect(podule?.cpuMicros).toBeCloseTo(100);
  expect(podule?.p50Ms).toBe(2.5);
  expect(grpcio?.ratio).toBe(1);
});
