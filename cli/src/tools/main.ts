import { ensureTool } from "./ensure-tool.ts";
import { isToolName, TOOLS } from "./tool.ts";
import { ToolError } from "./tool-error.ts";

/** `node cli/src/tools/main.ts uv` prints the path of uv, after installing it if need be. */
const [name = ""] = process.argv.slice(2);
if (!isToolName(name)) {
  console.error(`usage: node cli/src/tools/main.ts ${Object.keys(TOOLS).join("|")}`);
  process.exit(2);
}
try {
  const path = await ensureTool(name, {
    onInstall: (tool) => console.error(`installing ${tool.name} ${tool.version}`),
  });
  console.log(path);
} catch (error) {
  if (!(error instanceof ToolError)) throw error;
  console.error(error.message);
  process.exit(1);
}
