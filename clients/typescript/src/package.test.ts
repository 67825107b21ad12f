import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ReferencePeer } from "./testing/reference-peer.ts";

const run = promisify(execFile);
const packageFolder = dirname(import.meta.dirname);
let folder: string;

/** What a user does: installs the tarball into a project of their own. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "podule-package-"));
  await run("npm", ["pack", "--pack-destination", folder], { cwd: packageFolder });
  const [tarball = ""] = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
  await writeFile(
    join(folder, "package.json"),
    JSON.stringify({ name: "user", private: true, type: "module" }),
  );
  await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", join(folder, tarball)], {
    cwd: folder,
  });
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

test("the package has its code, its types and nothing else", async () => {
  const installed = join(folder, "node_modules/podule");
  expect((await readdir(installed)).sort()).toEqual(["README.md", "dist", "package.json"]);
  const files = await readdir(join(installed, "dist"), { recursive: true, withFileTypes: true });
  expect(files.filter((file) => file.isFile() && !/^index\.js$|\.d\.ts$/.test(file.name))).toEqual([]);
  const others = await readdir(join(folder, "node_modules"));
  expect(others).not.toContain("@podule");
});

test("a script uses it, without the parts of the server", async () => {
  await using peer = await new ReferencePeer({
    maxInFlight: 16,
    graceMs: 1000,
    call: ({ id, request, session }) => {
      const sum = request.args.reduce((n, { kind }) => n + (kind?.$case === "int" ? kind.value : 0n), 0n);
      session.result(id, { kind: { $case: "int", value: sum }, dtype: "" });
    },
  }).listen();
  await writeFile(
    join(folder, "use.js"),
    `import podule from "podule";
     import * as all from "podule";
     await using operator = await podule.import("operator");
     console.log(await operator.add(1, 2), typeof all.import, all.default === podule);
     try { await all.import("operator", { url: "127.0.0.1:1" }); } catch (error) { console.log(error instanceof all.PoduleError, error.code); }`,
  );
  const env = { ...process.env, POD_MANAGER_URL: `http://${peer.address}` };
  const { stdout } = await run(process.execPath, ["use.js"], { cwd: folder, env });
  expect(stdout).toBe("3 function true\ntrue UNAVAILABLE\n");
}, 60_000);

test("its types stand on their own under the strictest settings", async () => {
  await writeFile(
    join(folder, "use.ts"),
    `import podule, { type NdArray, type RemoteObject } from "podule";
     interface Shape { add(a: number, b: number): number; pi: number; zeros(n: number): NdArray; open(path: string): { read(): string } }
     const m = await podule.import<Shape>("m", { dependency: ["numpy==2.3.*"] });
     const sum: number = await m.add(1, 2);
     const pi: number = await m.pi;
     const array: NdArray = await m.zeros(3);
     const file: RemoteObject<{ read(): string }> = await m.open("x");
     const text: string = await file.read();
     // @ts-expect-error a string is no number
     m.add("a", 2);
     const np = await podule.import("numpy");
     const anything: unknown = await np.linalg.svd(np.array([1]), podule.kw({ full: true })).S.sum();
     for await (const item of np.arange(3)) console.log(item);
     await using held = await np.array([1]).$object();
     const part: unknown = await held.$item(podule.slice(1, 2));
     console.log(sum, pi, array, text, anything, part);`,
  );
  const types = join(folder, "node_modules/@types");
  const require = createRequire(import.meta.url);
  await symlink(dirname(dirname(require.resolve("@types/node/package.json"))), types).catch(() => undefined);
  const tsc = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
  const flags = [
    "--noEmit",
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2024",
    "--lib",
    "es2024,esnext.disposable",
  ];
  await run(process.execPath, [tsc, ...flags, "--types", "node", "--exactOptionalPropertyTypes", "use.ts"], {
    cwd: folder,
  });
}, 60_000);
