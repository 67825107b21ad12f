import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { rolldown } from "rolldown";

/** What is published: one JavaScript file, with everything of this repository in it, and the types. */
const here = import.meta.dirname;
const dist = join(here, "dist");
const { dependencies, version } = createRequire(import.meta.url)("./package.json") as {
  dependencies: Record<string, string>;
  version: string;
};
const external = [...Object.keys(dependencies), /^node:/];

rmSync(dist, { recursive: true, force: true });
const bundle = await rolldown({
  input: join(here, "src/index.ts"),
  external,
  platform: "node",
  transform: { target: "node20" },
});
await bundle.write({ file: join(dist, "index.js"), format: "esm", banner: `// podule ${version}` });
await bundle.close();

const typescript = createRequire(import.meta.url).resolve("typescript/package.json");
execFileSync(
  process.execPath,
  [join(dirname(typescript), "bin/tsc"), "--project", join(here, "tsconfig.build.json")],
  {
    stdio: "inherit",
  },
);
for (const entry of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
  if (!entry.endsWith(".d.ts")) continue;
  const path = join(dist, entry);
  const text = readFileSync(path, "utf8");
  if (text.includes("@podule/")) {
    rmSync(path);
    continue;
  }
  writeFileSync(path, text.replaceAll(/(from |import\()"(\.[^"]*)\.ts"/g, '$1"$2.js"'));
}
