import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { toolFolder } from "../tools/ensure-tool.ts";
import { intactBinary } from "../tools/intact.ts";
import { findPython } from "../tools/python.ts";
import { run } from "../tools/run.ts";
import { TOOLS, type Tool } from "../tools/tool.ts";
import type { Finding } from "./finding.ts";

/** What runs Podule, and the tools that it brings. */
export async function installation(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  return await Promise.all([
    {
      what: "Node",
      state: "ok",
      found: `${process.version}, ${process.platform} ${process.arch}`,
    } satisfies Finding,
    python(env),
    ...Object.values(TOOLS).map((tool) => toolFinding(tool, env)),
    openFiles(),
  ]);
}

async function python(env: NodeJS.ProcessEnv): Promise<Finding> {
  const what = "Python";
  try {
    const path = await findPython(env);
    const { output } = await run(path, ["--version"]);
    return { what, state: "ok", found: `${output.trim().replace("Python ", "")}, ${path}` };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return { what, state: "fail", found: "none that will do", advice: found };
  }
}

async function toolFinding(tool: Tool, env: NodeJS.ProcessEnv): Promise<Finding> {
  const what = tool.name;
  const given = env[tool.variable];
  if (given) {
    const there = await access(resolve(given)).then(
      () => true,
      () => false,
    );
    if (there) return { what, state: "ok", found: `${resolve(given)} (${tool.variable})` };
    const advice = `${tool.variable} names a file that is not there; unset it for the one that Podule brings`;
    return { what, state: "fail", found: `no file ${resolve(given)}`, advice };
  }
  const path = await intactBinary(await toolFolder(tool, env), tool);
  if (path !== undefined) return { what, state: "ok", found: `${tool.version}, ${path}` };
  const advice = `it is installed when it is first needed, or now: podule tool ${tool.name}`;
  return { what, state: "note", found: `${tool.version}, not installed yet`, advice };
}

const FEW_FILES = 4096;

/** Each connection and pod is an open file. */
async function openFiles(): Promise<Finding> {
  const what = "open files";
  const { output } = await run("sh", ["-c", "ulimit -n"]);
  const found = output.trim();
  if (found === "unlimited" || Number(found) >= FEW_FILES) return { what, state: "ok", found };
  const advice = `few for many clients at once: ulimit -n ${FEW_FILES} before podule up`;
  return { what, state: "note", found, advice };
}
