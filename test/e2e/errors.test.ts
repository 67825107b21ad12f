import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failure } from "../stack/call-failure.ts";
import { appeared, written } from "../stack/files.ts";
import { onCluster } from "../stack/on-cluster.ts";
import { useStack } from "../stack/use-stack.ts";
import { int, json, plain, str } from "../stack/values.ts";

const running = useStack({ probe: true, probeWorkers: 2, probeMemoryLimit: "512Mi" });
const call = (...args: Parameters<typeof running.stack.connection.call>) =>
  running.stack.connection.call(...args);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "podule-e2e-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("an exception", () => {
  test("its type, words and traceback", async () => {
    const error = await failure(call("probe", "refuse", [str("not today"), int(7)]));
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(error.details).toContain("not today");
    expect(error.domain).toBe("podule.dev");
    expect(error.reason).toMatch(/^[A-Z][A-Z_]+$/);
    expect(error.metadata).toMatchObject({ module: "probe", python_type: "probe.Refusal" });
    expect(error.metadata["pod"]).toMatch(/probe-/);
    expect(error.traceback).toMatch(/probe\.py", line \d+, in refuse/);
    expect(error.traceback).not.toContain("podule_worker");
  });

  test("its cause too", async () => {
    const error = await failure(call("probe", "wrapped"));
    expect(error.traceback).toContain("KeyError: 'missing'");
    expect(error.traceback).toContain("direct cause");
  });

  test.each([
    [
      "operator",
      "truediv",
      [int(1), int(0)],
      "INVALID_ARGUMENT|FAILED_PRECONDITION|UNKNOWN|OUT_OF_RANGE",
      "ZeroDivisionError",
    ],
    ["builtins", "open", [str("/no/such/file")], "NOT_FOUND", "FileNotFoundError"],
    ["operator", "getitem", [json([]), int(3)], "OUT_OF_RANGE|NOT_FOUND", "IndexError"],
    ["builtins", "int", [str("x")], "INVALID_ARGUMENT", "ValueError"],
    ["probe", "recurse", [], "RESOURCE_EXHAUSTED|INTERNAL|UNKNOWN|OUT_OF_RANGE", "RecursionError"],
  ])("%s.%s", async (module, name, args, codes, type) => {
    const error = await failure(call(module, name, args));
    expect(codes.split("|")).toContain(error.code);
    expect(error.metadata["python_type"]).toContain(type);
    expect(error.traceback).toContain(type);
  });

  test("what does not exist", async () => {
    const missing = await failure(call("probe", "no_such_function"));
    expect(missing.code).toBe("NOT_FOUND");
    expect(missing.details).toContain("no_such_function");
    const notCallable = await failure(call("probe", "Point._fields", [int(1)]));
    expect(notCallable.code).toBe("INVALID_ARGUMENT");
    for (const name of ["", "..", "a..b", "a b", "/etc", "refuse.", "x".repeat(100_000)])
      expect(["INVALID_ARGUMENT", "NOT_FOUND"]).toContain((await failure(call("probe", name))).code);
  });

  test("wrong arguments are the caller's", async () => {
    const error = await failure(call("probe", "colour", [int(1), int(2)]));
    expect(error.code).toBe("INVALID_ARGUMENT");
    expect(error.details).toContain("positional argument");
  });

  test("sys.exit is no end", async () => {
    const pid = plain(await call("probe", "parent_pid"));
    const error = await failure(call("probe", "exit_politely", [int(3)]));
    expect(error.metadata["python_type"]).toContain("SystemExit");
    expect(plain(await call("probe", "parent_pid"))).toBe(pid);
  });
});

describe("a deadline", () => {
  test.skipIf(onCluster)("reaches the Python frame, and the worker lives on", async () => {
    const file = join(folder, "deadline");
    const start = performance.now();
    const error = await failure(call("probe", "sleep_and_tell", [str(file), int(30)], { timeoutMs: 300 }));
    expect(error.code).toBe("DEADLINE_EXCEEDED");
    expect(await written(file)).toBe("DeadlineExceeded");
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test.skipIf(onCluster)(
    "a call stuck in C is killed with its worker, while another worker's call goes on",
    async () => {
      const [started, release] = [join(folder, "other"), join(folder, "other-release")];
      const other = call("probe", "hold", [str(started), str(release)]);
      await appeared(started);
      const pid = Number(await written(started));
      const stuck = await failure(call("probe", "stuck_in_c", [], { timeoutMs: 300 }));
      expect(stuck.code).toBe("DEADLINE_EXCEEDED");
      // Both workers are needed for this: it is answered once the killed one has been replaced.
      expect(plain(await call("probe", "pid", [], { timeoutMs: 20_000 }))).not.toBe(pid);
      expect(existsSync(`/proc/${pid}`)).toBe(true);
      await writeFile(release, "");
      expect(plain(await other)).toBe("held");
    },
  );

  test("one who swallows the interruption is killed too", async () => {
    expect((await failure(call("probe", "stubborn", [int(60)], { timeoutMs: 200 }))).code).toBe(
      "DEADLINE_EXCEEDED",
    );
    for (let i = 0; i < 4; i++)
      expect(plain(await call("probe", "pid", [], { timeoutMs: 20_000 }))).toBeGreaterThan(0);
  });

  test("that has passed on arrival, or is nonsense", async () => {
    expect((await failure(call("probe", "pid", [], { timeoutMs: 0 }))).code).toBe("DEADLINE_EXCEEDED");
    await call("probe", "pid", [], { timeoutMs: 99_999_999 });
  });
});

test.skipIf(onCluster)("cancel: the Python frame is told", async () => {
  const file = join(folder, "cancelled");
  const abort = new AbortController();
  const call_ = call("probe", "sleep_and_tell", [str(file), int(30)], { signal: abort.signal });
  setTimeout(() => abort.abort(), 300);
  await expect(call_).rejects.toThrow();
  expect(await written(file)).toBe("Cancelled");
});

describe("the end of a worker", () => {
  test.each([
    ["os._exit", "leave", [int(3)], /3/],
    ["a segfault", "segfault", [], /SIGSEGV/],
    ["kill -9", "kill_me", [], /SIGKILL/],
  ])("%s: told to its caller, and the next call is answered", async (_name, name, args, words) => {
    const error = await failure(call("probe", name, args));
    expect(error.code).toBe("ABORTED");
    expect(error.details).toMatch(words);
    expect(error.domain).toBe("podule.dev");
    console.log(`${name}: ${error.reason}: ${error.details}`);
    expect(plain(await call("probe", "pid"))).toBeGreaterThan(0);
  });

  test("each has a reason of its own", async () => {
    const reasons: (string | undefined)[] = [];
    for (const [name, args] of [
      ["leave", [int(3)]],
      ["segfault", []],
      ["hog", [int(4096)]],
    ] as const)
      reasons.push((await failure(call("probe", name, args))).reason);
    expect(new Set(reasons).size).toBe(3);
  });

  test("beyond its memory limit: MemoryError, and the worker lives", async () => {
    const error = await failure(call("probe", "hog", [int(4096)]));
    expect(error.code).toBe("RESOURCE_EXHAUSTED");
    expect(error.metadata["python_type"]).toContain("MemoryError");
    expect(plain(await call("probe", "hog", [int(8)]))).toBe(8 << 20);
  });

  test("costs no other call: queued ones go to another worker", async () => {
    const calls = Array.from({ length: 40 }, (_, i) =>
      i === 20
        ? failure(call("probe", "leave", [int(1)]))
        : call("probe", "echo", [int(i)]).then(plain, String),
    );
    const answers = await Promise.all(calls);
    const lost = answers.filter((answer) => typeof answer === "string");
    // Answers that were made but not yet sent when the worker died (at most 1 ms of them) are lost with it.
    expect(lost.length).toBeLessThan(20);
    for (const message of lost) expect(message).toContain("ABORTED");
  });
});
