import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { reasonOf, StatusError } from "@podule/grpc";
import { Module, Module_State, ModuleSpec } from "@podule/proto/podule/v1/modules.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLocalModuleStore } from "./local-module-store.ts";
import { withStatus } from "./module-status.ts";
import { newModule } from "./new-module.ts";

const writer = fileURLToPath(new URL("testing/write-forever.ts", import.meta.url));
let stateDir: string;
let folder: string;
const logged: string[] = [];
const storeOf = () =>
  createLocalModuleStore({ stateDir, namespace: "default", log: (line) => logged.push(line) });
const open = async () => {
  const store = storeOf();
  return { store, modules: await store.open(() => {}) };
};

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "podule-state-"));
  folder = join(stateDir, "default", "modules");
  logged.length = 0;
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

describe("the local store", () => {
  it("gives back what was put, status and error details included", async () => {
    const { store } = await open();
    const spec = ModuleSpec.create({ dependency: ["numpy==2.3.*"], workers: 3 });
    const error = {
      code: 9,
      message: "no",
      details: [{ typeUrl: "type.googleapis.com/x", value: Buffer.from([1]) }],
    };
    const module = withStatus(
      newModule("numpy", "uid-1", spec, new Date(1500)),
      { state: Module_State.FAILED, error, environment: "sha256:1", pods: ["pods/numpy-1"] },
      new Date(2500),
    );
    await store.put(module);
    await store.put(newModule("gone", "uid-2", spec, new Date()));
    await store.remove("gone");
    await store.remove("never-was");
    await store.close();
    const again = await open();
    expect(again.modules.map(Module.toJSON)).toEqual([Module.toJSON(module)]);
    await again.store.close();
  });

  it("sets aside what is no module, and goes on", async () => {
    const { store } = await open();
    await store.put(newModule("good", "uid", ModuleSpec.create(), new Date()));
    await store.close();
    const good = await readFile(join(folder, "good.json"), "utf8");
    await writeFile(join(folder, "half.json"), good.slice(0, 100));
    await writeFile(join(folder, "other.json"), good);
    await writeFile(join(folder, "empty.json"), "");
    await writeFile(join(folder, "wrong.json"), '{"name":"modules/wrong","generation":"many","spec":{}}');
    await mkdir(join(folder, "folder.json"));
    await writeFile(join(folder, ".good.json.1.1.tmp"), "unfinished");
    const again = await open();
    expect(again.modules.map(({ name }) => name)).toEqual(["modules/good"]);
    const names = await readdir(folder);
    expect(names.filter((name) => name.endsWith(".json"))).toEqual(["good.json"]);
    expect(names.filter((name) => name.includes(".set-aside-"))).toHaveLength(5);
    expect(names).not.toContain(".good.json.1.1.tmp");
    expect(logged).toHaveLength(5);
    await again.store.close();
  });

  it("refuses a second manager on one folder until the first one ends", async () => {
    const { store } = await open();
    const failure = await open().catch((error: unknown) => error);
    if (!(failure instanceof StatusError)) throw failure;
    expect(reasonOf(failure.status)).toBe("STATE_IN_USE");
    expect(failure.message).toContain(`process ${process.pid}`);
    await store.close();
    await (await open()).store.close();
  });

  it("loses at most the write that a kill -9 met, and its lock with it", async () => {
    let acknowledged = -1;
    for (let round = 0; round < 12; round++) {
      const child = spawn(process.execPath, [writer, stateDir, String(acknowledged + 1)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let output = "";
      child.stdout.on("data", (chunk: Buffer) => {
        output += chunk.toString();
      });
      await expect.poll(() => output, { timeout: 20_000, interval: 5 }).toContain("written");
      await sleep(Math.random() * 30);
      child.kill("SIGKILL");
      await once(child, "close");
      acknowledged = Number(/written (\d+)\n(?!.*written \d+\n)/s.exec(output)?.[1]);
      const { store, modules } = await open();
      await store.close();
      const numbers = modules.map(({ spec }) => Number(spec?.python));
      expect(logged).toEqual([]);
      expect(Math.max(...numbers)).toBeGreaterThanOrEqual(acknowledged);
      expect(Math.max(...numbers)).toBeLessThanOrEqual(acknowledged + 1);
      for (const { spec } of modules) expect(spec?.dependency).toHaveLength(500);
      acknowledged = Math.max(...numbers);
    }
  }, 120_000);
});
