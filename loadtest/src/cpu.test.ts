import { expect, test } from "vitest";
import { cpuTime, measureCpu, parseStat } from "./cpu.ts";

test("reads user and system time behind a command with spaces and parentheses", () => {
  expect(parseStat("7 (a) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0")).toBe(3_000_000);
});

test("counts this process's own work", async () => {
  const { cpu } = await measureCpu(new Map([["me", [process.pid]]]), async () => {
    const start = cpuTime(process.pid);
    while (cpuTime(process.pid) - start < 100_000);
  });
  expect(cpu.get("me")).toBeGreaterThanOrEqual(100_000);
});
