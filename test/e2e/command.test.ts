import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type PoduleOptions, podule, poduleAtTerminal } from "../stack/podule-command.ts";
import { ROOT } from "../stack/tools.ts";
import { useStack } from "../stack/use-stack.ts";

const running = useStack({ probe: true });
const run = (args: readonly string[], options?: PoduleOptions) =>
  podule(running.stack.address, args, options);

async function json(args: readonly string[], options?: PoduleOptions): Promise<unknown> {
  const { code, stdout, stderr } = await run([...args, "-o", "json"], options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
}

describe("call", () => {
  test("shows what Python's repr says, or JSON", async () => {
    expect(await run(["call", "numpy.sum", "[[1, 2], [3, 4]]", "--kw", "axis=0"])).toEqual({
      code: 0,
      stdout: "array([4, 6])\n",
      stderr: "",
    });
    expect(await json(["call", "numpy.sum", "[[1, 2], [3, 4]]", "--kw", "axis=0"])).toEqual([4, 6]);
    expect((await run(["call", "math.pi"])).stdout).toBe("3.141592653589793\n");
    expect((await run(["call", "--module", "math", "factorial", "25", "-o", "json"])).stdout).toBe(
      "15511210043330985984000000\n",
    );
    expect(await json(["call", "math.fsum", "@-"], { input: "[1, 2.5]" })).toBe(3.5);
    expect((await run(["call", "builtins.range", "3", "--stream"])).stdout).toBe("0\n1\n2\n");
  });

  test("an object stays for later calls", async () => {
    const held = await json(["call", "numpy.arange", "10", "--object"]);
    expect(held).toMatchObject({ type: "numpy:ndarray", callable: false });
    const { id, session } = Object(held);
    const at = ["call", "--session", String(session), "--target", String(id)];
    expect(await json([...at, "sum"])).toBe(45);
    expect((await run([...at, "shape"])).stdout).toBe("(10,)\n");
    expect(await json(["call", "--session", String(session), "numpy.sum", `%${id}`])).toBe(45);
    expect((await run([...at.slice(0, 2), `${session}x`, ...at.slice(3), "sum"])).code).toBe(3);
  });

  test("each kind of failure has its exit code, and its words", async () => {
    const raised = await run(["call", "math.sqrt", "-1"]);
    expect(raised.code).toBe(5);
    expect(raised.stderr).toContain("ValueError: math domain error");
    expect(raised.stderr).toContain("PYTHON_EXCEPTION (INVALID_ARGUMENT)");
    const unknown = await run(["call", "math.sqr", "1", "-o", "json"]);
    expect(unknown.code).toBe(3);
    expect(JSON.parse(unknown.stderr)).toMatchObject({ error: { reason: "FUNCTION_NOT_FOUND" } });
    expect((await run(["call", "math.sqrt", "nine"])).code).toBe(2);
    expect((await run(["call", "math.sqrt", "[]", "1", "2"])).code).toBe(2);
    expect((await run(["call", "time.sleep", "60", "--timeout", "300ms"])).code).toBe(8);
    expect((await run(["call", "math.sqrt", "4", "--url", "127.0.0.1:1"])).code).toBe(4);
    expect((await run(["call", "math.sqrt", "4", "--ca", "/nowhere"])).code).toBe(1);
    expect((await run(["cal"])).code).toBe(2);
    expect((await run(["modules", "list", "--nothing"])).code).toBe(2);
    expect((await run(["--help"])).code).toBe(0);
  });

  test("Ctrl-C ends the call in Python, too", async () => {
    const items = await run(["call", "itertools.count", "--stream"], {
      onOutput: (printed, kill) => printed.includes("\n100\n") && kill("SIGINT"),
    });
    expect(items.code).toBe(130);
  });
});

describe("modules, pods and logs", () => {
  test("create, get, update, list and delete", async () => {
    const path = join(ROOT, "test/modules/probe.py");
    const made = await run([
      "modules",
      "create",
      "shell",
      "--path",
      path,
      "--import-name",
      "probe",
      "--wait",
    ]);
    expect(made.code).toBe(0);
    expect(made.stdout).toMatch(/^state: +READY$/m);
    expect(await json(["modules", "get", "modules/shell"])).toMatchObject({
      name: "modules/shell",
      spec: { importName: "probe", path },
      status: { state: "READY" },
    });
    expect((await run(["modules", "create", "shell"])).code).toBe(7);
    expect((await run(["modules", "update", "shell"])).code).toBe(2);
    expect((await run(["modules", "update", "shell", "--workers", "2", "--etag", "no"])).code).toBe(7);
    expect(await json(["modules", "update", "shell", "--workers", "2", "--wait"])).toMatchObject({
      generation: "2",
      spec: { workers: 2, path },
      status: { state: "READY", observedGeneration: "2" },
    });
    const list = await run(["modules", "list", "--filter", 'name = "modules/shell"']);
    expect(list.stdout).toMatch(/^MODULE +STATE .*\nshell +READY .*\n$/);
    expect((await run(["modules", "delete", "shell"])).code).toBe(0);
    expect((await run(["modules", "get", "nothing"])).code).toBe(3);
  });

  test("a module that cannot be made says why", async () => {
    const { code, stderr } = await run([
      "modules",
      "create",
      "bad",
      "--dependency",
      "not a requirement",
      "--wait",
    ]);
    expect(code).not.toBe(0);
    expect(stderr).toContain("not a requirement");
  });

  test("watch prints what is there, then every change", async () => {
    let created: Promise<unknown> | undefined;
    const { stdout, code } = await run(["modules", "watch", "-o", "json"], {
      onOutput: (printed, kill) => {
        if (printed.includes("SYNCED")) created ??= run(["modules", "create", "colorsys"]);
        if (/"modules\/colorsys".*"READY"/.test(printed)) kill("SIGINT");
      },
    });
    await created;
    expect(code).toBeNull();
    const types = stdout
      .trimEnd()
      .split("\n")
      .map((line): unknown => Object(JSON.parse(line)).type);
    expect(types).toEqual(expect.arrayContaining(["ADDED", "SYNCED", "MODIFIED"]));
  });

  test("logs of a module as they come; drain and delete its pods", async () => {
    expect((await run(["call", "probe.say", '"before"', '""'])).code).toBe(0);
    let said: Promise<unknown> | undefined;
    const followed = await run(["logs", "-f", "probe"], {
      onOutput: (printed, kill) => {
        if (printed.includes("before")) said ??= run(["call", "probe.say", '"written by a shell"', '""']);
        if (printed.includes("written by a shell")) kill("SIGINT");
      },
    });
    await said;
    expect(followed.stdout).toContain("written by a shell");
    const pods = await json(["pods", "list", "--filter", 'module = "modules/probe" AND state = READY']);
    expect(pods).toHaveLength(1);
    const name = String(Object(pods)[0].name);
    expect((await run(["pods", "get", name.slice("pods/".length)])).stdout).toContain("READY");
    const logged = await run(["logs", name, "--tail", "2", "-o", "json"]);
    const last = logged.stdout
      .trimEnd()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    expect(last).toHaveLength(2);
    expect(last).toContainEqual(expect.objectContaining({ pod: name, text: "written by a shell" }));
    expect(await json(["pods", "drain", name])).toMatchObject({ name });
    expect((await run(["pods", "delete", "nothing"])).code).toBe(3);
    expect((await run(["logs", "nothing"])).code).toBe(3);
  });
});

describe("repl", () => {
  test("from a pipe: Python expressions, up to the first error", async () => {
    const input = [
      "x = numpy.array([[1, 2], [3, 4.5]])",
      "x.sum(axis=0)",
      "x[0, ::-1]",
      "x + 1 > 3",
      "numpy.linalg.svd(",
      "  x).S.shape",
      "len(x) == 2 and 'abc'.upper()",
      "x[0] = 9",
      "x.tolist()",
      "None",
      "numpy.nothing",
      "'never'",
    ].join("\n");
    const { code, stdout, stderr } = await run(["repl", "numpy"], { input });
    expect(stdout.split("\n")).toEqual([
      "array([4. , 6.5])",
      "array([2., 1.])",
      "array([[False, False],",
      "       [ True,  True]])",
      "(2,)",
      "'ABC'",
      "[[9.0, 9.0], [3.0, 4.5]]",
      "",
    ]);
    expect(code).toBe(3);
    expect(stderr).toContain("numpy has no 'nothing'");
  });

  test("at a terminal: completion, errors that do not end it, Ctrl-C", async () => {
    const env = { POD_MANAGER_URL: running.stack.address };
    const { code, printed } = await poduleAtTerminal(["repl", "time"], env, [
      { after: ">>> ", type: "time.sle\t" },
      { after: "time.sleep", type: "(600)\r\u0003" },
      { after: "KeyboardInterrupt", type: "1 / 0\r" },
      { after: "ZeroDivisionError", type: "40 + 2\r" },
      { after: "\n42", type: "\u0004" },
    ]);
    expect(printed).toContain("KeyboardInterrupt");
    expect(code).toBe(0);
  });
});

test("doctor says what it found, and that the service answers", async () => {
  const env = { PODULE_GRPCURL: "/nowhere/grpcurl" };
  const broken = await run(["doctor", "-o", "json"], { env });
  expect(broken.code).toBe(1);
  const findings: unknown = JSON.parse(broken.stdout);
  expect(findings).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ what: "grpcurl", state: "fail" }),
      expect.objectContaining({ what: "uv", state: "ok" }),
      expect.objectContaining({ what: "service", state: "ok" }),
    ]),
  );
  const { code, stdout } = await run(["doctor"]);
  expect(code).toBe(0);
  expect(stdout).toContain(`${running.stack.address} answers`);
});

test("doctor asks where --url says", async () => {
  // A cache of its own: a large one takes its time to be measured.
  const cache = await mkdtemp(join(tmpdir(), "podule-e2e-"));
  onTestFinished(() => rm(cache, { recursive: true, force: true }));
  const ask = async (url: string) =>
    (await run(["doctor", "--url", url], { env: { PODULE_CACHE_DIR: cache } })).stdout;
  expect(await ask(running.stack.address)).toContain(`${running.stack.address} answers`);
  expect(await ask("127.0.0.1:1")).toContain("--url says so");
});

test("up at a terminal: a line that moves, then one that stays for each step", async () => {
  const stateDir = await mkdtemp(join(tmpdir(), "podule-e2e-"));
  onTestFinished(() => rm(stateDir, { recursive: true, force: true }));
  const env = { PORT: "0", PODULE_STATE_DIR: stateDir, NO_COLOR: "1", CI: undefined };
  const { code, printed } = await poduleAtTerminal(["up", "--once"], env);
  expect(code).toBe(0);
  expect(printed).toContain("⠋");
  // The cursor is back.
  expect(printed.lastIndexOf("\u001b[?25h")).toBeGreaterThan(printed.lastIndexOf("\u001b[?25l"));
  expect(printed).toMatch(/✔ Envoy on 127\.0\.0\.1:\d+ {2}\(/);
  expect(printed).toMatch(/✔ numpy\.sum\(numpy\.array\(\[1, 2, 3, 4\]\)\) = 10 {2}\(/);
  expect(printed).toMatch(/npx podule call numpy\.sum '\[1, 2, 3, 4\]' --url 127\.0\.0\.1:\d+/);
});

test("up that cannot: one line that says why, no stack", async () => {
  const { code, stderr } = await run(["up", "--once"], {
    env: { PORT: "0", PODULE_TLS_CERT: "/nowhere/cert.pem", PODULE_TLS_KEY: "/nowhere/key.pem" },
  });
  expect(code).toBe(1);
  expect(stderr).toContain("/nowhere/cert.pem");
  expect(stderr).not.toContain("    at ");
});
