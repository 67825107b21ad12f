import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, truncate, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureTool } from "./ensure-tool.ts";
import { sweep } from "./install.ts";
import { findPython, isNewEnough } from "./python.ts";

let cache: string;
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), "podule-tools-"));
});
afterAll(() => rm(cache, { recursive: true }));

const env = () => {
  const { PODULE_UV: _uv, ...rest } = process.env;
  return { ...rest, PODULE_CACHE_DIR: cache };
};

const runs = async (binary: string) => (await promisify(execFile)(binary, ["--version"])).stdout;

test("installs at once by several, heals what is broken, then costs nothing", {
  timeout: 180_000,
}, async () => {
  let installs = 0;
  const ensure = () => ensureTool("uv", { env: env(), onInstall: () => (installs += 1) });
  const [a, b, c] = await Promise.all([ensure(), ensure(), ensure()]);
  expect(new Set([a, b, c]).size).toBe(1);
  expect(await runs(a)).toContain("uv 0.13.9");
  expect(await readdir(join(cache, "tools"))).toHaveLength(1);

  await truncate(a, 1000);
  expect(await ensure()).toBe(a);
  expect(await runs(a)).toContain("uv 0.13.9");
  await rm(join(dirname(a), "..", "podule-tool.json"));
  expect(await ensure()).toBe(a);
  expect(await readdir(join(cache, "tools"))).toHaveLength(1);

  const before = installs;
  expect(await ensure()).toBe(a);
  expect(installs).toBe(before);
});

test("a variable names another one", async () => {
  expect(await ensureTool("envoy", { env: { PODULE_ENVOY: "/opt/envoy" } })).toBe("/opt/envoy");
});

test("what a killed install left behind goes after a day, another's running one does not", async () => {
  const folder = await mkdtemp(join(tmpdir(), "podule-sweep-"));
  const left = await mkdtemp(join(folder, ".unfinished-uv-"));
  await mkdtemp(join(folder, ".unfinished-uv-"));
  const past = new Date(Date.now() - 2 * 86_400_000);
  await utimes(left, past, past);
  await sweep(folder);
  expect(await readdir(folder)).toHaveLength(1);
  await rm(folder, { recursive: true });
});

test("without a usable Python: says what was tried and what to do", async () => {
  const refused = (python: string) => findPython({ PODULE_HOST_PYTHON: python });
  await expect(refused("/nowhere/python3")).rejects.toThrow(
    /Python 3\.9 or newer.*\/nowhere\/python3: not found/s,
  );
  await expect(refused("/bin/false")).rejects.toThrow(/\/bin\/false: /);
});

test.each([
  ["3.9", true],
  ["3.13", true],
  ["4.0", true],
  ["3.8", false],
  ["2.7", false],
])("Python %s is new enough: %j", (version, enough) => {
  expect(isNewEnough(version)).toBe(enough);
});
