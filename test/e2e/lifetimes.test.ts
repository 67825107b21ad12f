import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, connect as dial } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failure } from "../stack/call-failure.ts";
import { connect } from "../stack/client.ts";
import { appeared } from "../stack/files.ts";
import { type Command, startCommand } from "../stack/launch-command.ts";
import { spec } from "../stack/modules.ts";
import { type Part, processesOf, remaining } from "../stack/processes.ts";
import { expectNothingLeft } from "../stack/stack.ts";
import { int, plain, str } from "../stack/values.ts";

let folder: string;
let commands: Command[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "podule-e2e-"));
  commands = [];
});
afterEach(async () => {
  for (const { child } of commands) child.kill("SIGKILL");
  await remaining(folder, 10_000);
  await rm(folder, { recursive: true, force: true });
});

function start(args: string[] = [], env: Record<string, string> = {}): Command {
  const command = startCommand({ args, env, folder, stateDir: join(folder, "state") });
  commands.push(command);
  return command;
}

/** A whole stack with a running pod, and its address. */
async function serving(command: Command): Promise<string> {
  const [, address = ""] = await command.line(/Serving on (\S+) until/);
  const connection = connect(address);
  expect(plain(await connection.call("operator", "add", [int(1), int(2)]))).toBe(3);
  connection.close();
  const parts = new Set(processesOf(folder).map(({ part }) => part));
  expect([...parts]).toEqual(
    expect.arrayContaining(["launcher", "envoy", "manager", "pod", "zygote", "worker"]),
  );
  return address;
}

function pidsOf(part: Part): number[] {
  return processesOf(folder)
    .filter((process_) => process_.part === part)
    .map(({ pid }) => pid);
}

async function expectGone(command: Command, address: string): Promise<void> {
  await expectNothingLeft(folder, command);
  const [host, port] = address.split(":");
  const refused = await new Promise((resolve) => {
    const socket = dial({ host: host ?? "", port: Number(port) }, () => resolve(false));
    socket.once("error", () => resolve(true));
    socket.once("connect", () => socket.destroy());
  });
  expect(refused).toBe(true);
}

test("--once: numpy through Envoy, its steps with times, a line to copy, exit code 0, nothing left", async () => {
  // Whatever else the machine does: the first start may install numpy.
  const command = start(["--once"], { PODULE_MODULE: "numpy" });
  expect((await command.exited).code).toBe(0);
  const log = command.log();
  expect(log).toMatch(/numpy\.sum\(numpy\.array\(\[1, 2, 3, 4\]\)\).* = 10/);
  expect(log).toMatch(/First value after .*\d/);
  expect(log).toMatch(/grpcurl -plaintext -d '\{"module":"numpy".*127\.0\.0\.1:\d+ podule\.v1\.Calls\/Call/);
  await expectNothingLeft(folder, command);

  const warm = start(["--once"], { PODULE_MODULE: "numpy" });
  expect((await warm.exited).code).toBe(0);
  const seconds = /First value after (.*)/.exec(warm.log())?.[1];
  console.log(`second start from warm caches: first value after ${seconds}`);
  await expectNothingLeft(folder, warm);
});

test("a busy port: says which, and who has it", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? `${address.port}` : "";
  const command = start([], { PORT: port });
  expect((await command.exited).code).toBe(1);
  expect(command.log()).toContain(`127.0.0.1:${port}`);
  expect(command.log()).toContain(`pid ${process.pid}`);
  server.close();
  await expectNothingLeft(folder, command);
});

test("an address beyond this machine without authentication is refused", async () => {
  const command = start([], { PODULE_HOST: "0.0.0.0" });
  expect((await command.exited).code).toBe(1);
  expect(command.log()).toMatch(/0\.0\.0\.0/);
  await expectNothingLeft(folder, command);
});

describe("an end that was asked for", () => {
  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "%s: running calls end, exit code 0",
    async (signal) => {
      const command = start();
      const address = await serving(command);
      const connection = connect(address);
      const path = join(import.meta.dirname, "../modules/probe.py");
      await connection.modules.createModule({ moduleId: "probe", module: { spec: spec({ path }) } });
      const [started, release] = [join(folder, "started"), join(folder, "release")];
      const held = connection.call("probe", "hold", [str(started), str(release)]);
      await appeared(started);
      command.child.kill(signal);
      await command.line(/Stopping/);
      await writeFile(release, "");
      expect(plain(await held)).toBe("held");
      expect(await command.exited).toEqual({ code: 0, signal: null });
      connection.close();
      await expectGone(command, address);
    },
  );

  test("a second one: at once, whatever runs", async () => {
    const command = start();
    const address = await serving(command);
    const connection = connect(address);
    const path = join(import.meta.dirname, "../modules/probe.py");
    await connection.modules.createModule({ moduleId: "probe", module: { spec: spec({ path }) } });
    const started = join(folder, "started");
    const held = failure(connection.call("probe", "hold", [str(started), str("/never")]));
    await appeared(started);
    command.child.kill("SIGINT");
    await command.line(/Stopping/);
    await new Promise((resolve) => setTimeout(resolve, 700));
    const start_ = performance.now();
    command.child.kill("SIGINT");
    await command.exited;
    expect(performance.now() - start_).toBeLessThan(10_000);
    expect(["UNAVAILABLE", "ABORTED", "CANCELLED"]).toContain((await held).code);
    connection.close();
    await expectGone(command, address);
  });

  test("in the middle of the start", async () => {
    const command = start([], { PODULE_MODULE: "numpy" });
    await command.line(/Envoy/);
    command.child.kill("SIGINT");
    await command.exited;
    await expectNothingLeft(folder, command);
  });
});

describe("kill -9", () => {
  test("of the launcher: everything goes", async () => {
    const command = start();
    const address = await serving(command);
    command.child.kill("SIGKILL");
    await command.exited;
    await expectGone(command, address);
  });

  test.each(["envoy", "manager"] as const)("of %s: the start ends, with its name", async (part) => {
    const command = start();
    const address = await serving(command);
    for (const pid of pidsOf(part)) process.kill(pid, "SIGKILL");
    const { code } = await command.exited;
    expect(code).not.toBe(0);
    expect(command.log()).toMatch(part === "envoy" ? /Envoy ended: .*SIGKILL/ : /manager ended: .*SIGKILL/);
    await expectGone(command, address);
  });

  test.each(["guard", "pod", "zygote", "worker"] as const)(
    "of %s: the next calls are answered",
    async (part) => {
      const command = start();
      const address = await serving(command);
      const pids = pidsOf(part);
      expect(pids.length).toBeGreaterThan(0);
      for (const pid of pids) process.kill(pid, "SIGKILL");
      if (part === "guard") {
        // Without its guard Envoy may end with the start, or go on; left behind it may never be.
        command.child.kill("SIGTERM");
        await command.exited;
      } else {
        const connection = connect(address);
        const answers: unknown[] = [];
        for (let i = 0; i < 50 && answers.at(-1) !== 3; i++) {
          const answer = connection.call("operator", "add", [int(1), int(2)], { timeoutMs: 20_000 });
          answers.push(await answer.then(plain, (error: Error) => error.message));
        }
        expect(answers.at(-1), answers.join("\n")).toBe(3);
        connection.close();
        command.child.kill("SIGTERM");
        expect((await command.exited).code).toBe(0);
      }
      await expectGone(command, address);
    },
  );
});
