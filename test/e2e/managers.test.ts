import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Module_State } from "@podule/proto/podule/v1/modules.ts";
import { expect, test } from "vitest";
import { CallFailure } from "../stack/call-failure.ts";
import { moduleWhen, spec } from "../stack/modules.ts";
import { startStack } from "../stack/stack.ts";
import { int, plain } from "../stack/values.ts";

test("modules survive kill -9 of the manager in the middle of writes", async () => {
  const stateDir = await mkdtemp(join(tmpdir(), "podule-state-"));
  try {
    for (let round = 0; round < 3; round++) {
      const stack = await startStack({ stateDir });
      const { modules } = stack.connection;
      const { modules: before } = await modules.listModules({ pageSize: 1000 });
      const acknowledged = new Set<string>();
      let killed = false;
      const writer = async (id: number) => {
        for (let i = 0; !killed; i++) {
          const moduleId = `m${round}-${id}-${i}`;
          // A module that cannot be installed: no pods in the way of the writing.
          const fields = { importName: "math", dependency: [`podule-no-such-package-${round}`] };
          await modules.createModule({ moduleId, module: { spec: spec(fields) } });
          acknowledged.add(`modules/${moduleId}`);
        }
      };
      const writers = [0, 1, 2, 3].map(writer);
      setTimeout(
        () => {
          killed = true;
          stack.kill("manager");
        },
        300 + 211 * round,
      );
      await Promise.allSettled(writers);
      expect(acknowledged.size).toBeGreaterThan(0);
      await stack.stop({ crashed: true });

      const again = await startStack({ stateDir });
      const names = new Set<string>();
      let pageToken = "";
      do {
        const page = await again.connection.modules.listModules({ pageSize: 1000, pageToken });
        for (const module of page.modules) names.add(module.name);
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      for (const module of before) expect(names).toContain(module.name);
      for (const name of acknowledged) expect(names).toContain(name);
      // Those that were there still work.
      const probe = await again.connection.modules.createModule({
        moduleId: "survivor",
        module: { spec: spec({ importName: "math" }) },
      });
      expect(probe.generation).toBe(1n);
      await moduleWhen(again.connection, "modules/survivor", Module_State.READY);
      expect(plain(await again.connection.call("survivor", "factorial", [int(5)]))).toBe(120);
      await again.stop();
    }
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
});

test("two managers behind Envoy: calls of one connection reach both, and the loss of one is survived", async () => {
  const stack = await startStack({ managers: 2 });
  try {
    const parent = async () => {
      try {
        return plain(await stack.connection.call("os", "getppid", [], { timeoutMs: 20_000 }));
      } catch (error) {
        if (error instanceof CallFailure) return error.code;
        throw error;
      }
    };
    const first = new Set(await Promise.all(Array.from({ length: 20 }, parent)));
    expect(first.size).toBe(2);
    const [victim = 0] = stack.pids("manager");
    process.kill(victim, "SIGKILL");
    // Calls that were under way at the moment of the kill may fail with it; then none does any more.
    let failures = 0;
    let inARow = 0;
    while (inARow < 20) {
      const answer = await parent();
      if (typeof answer === "number") inARow++;
      else {
        inARow = 0;
        failures++;
        expect(["UNAVAILABLE", "CANCELLED"]).toContain(answer);
        expect(failures).toBeLessThan(50);
      }
    }
  } finally {
    await stack.stop({ crashed: true });
  }
});
