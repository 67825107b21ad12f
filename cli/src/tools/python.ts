import { run } from "./run.ts";
import { ToolError } from "./tool-error.ts";

const OLDEST = [3, 9] as const;
const VARIABLE = "PODULE_HOST_PYTHON";
const WANTED = `Python ${OLDEST.join(".")} or newer`;

/**
 * The user's Python, absolute: `PODULE_HOST_PYTHON`, else the first `python3` or `python` in the path that is new enough and has venv
 * and pip's installer. Throws ToolError with what to install.
 */
export async function findPython(env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<string> {
  const given = env[VARIABLE];
  const candidates = given ? [given] : ["python3", "python"];
  const refusals: string[] = [];
  for (const candidate of candidates) {
    const found = await inspect(candidate, signal);
    if (found.refusal === undefined) return found.path;
    refusals.push(found.refusal);
  }
  throw new ToolError(
    [`Podule brings uv and Envoy as Python packages and needs ${WANTED} for that:`, ...refusals].join("\n  "),
  );
}

type Inspection = { path: string; refusal?: undefined } | { refusal: string };

const INSPECT = `
import sys
print("%d.%d" % sys.version_info[:2])
print(sys.executable)
import venv, ensurepip
`;

async function inspect(candidate: string, signal?: AbortSignal): Promise<Inspection> {
  const { code, output } = await run(candidate, ["-I", "-c", INSPECT], signal ? { signal } : {});
  const [version = "", path = ""] = output.trim().split("\n");
  if (code === undefined) return { refusal: `${candidate}: not found` };
  if (!/^\d+\.\d+$/.test(version)) return { refusal: `${candidate}: ${lastLine(output)}` };
  if (!isNewEnough(version)) return { refusal: `${candidate}: is Python ${version}` };
  if (code === 0) return { path };
  return {
    refusal: `${candidate}: Python ${version} without venv (on Debian and Ubuntu: apt install python3-venv): ${lastLine(output)}`,
  };
}

export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
