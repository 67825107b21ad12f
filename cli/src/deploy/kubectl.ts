import { spawn } from "node:child_process";
import { ensureTool } from "../tools/ensure-tool.ts";
import { run } from "../tools/run.ts";
import { UserError } from "../user-error.ts";
import { isKubeObject, type KubeObject } from "./kube-object.ts";

export interface Target {
  readonly namespace: string;
  /** Of the kubeconfig; undefined: its current one. */
  readonly context: string | undefined;
}

/** The cluster, by kubectl: whatever it takes to log in, it knows. */
export interface Kubectl {
  /** What it prints. Throws UserError with its words. */
  run(args: readonly string[], input?: string): Promise<string>;
  /** The objects of a kind, in the namespace or by `-A`; none where the kind is not known. */
  list(kind: string, ...args: readonly string[]): Promise<KubeObject[]>;
  /** Server-side apply, as the field manager `podule`. */
  apply(objects: readonly KubeObject[], ...args: readonly string[]): Promise<void>;
}

export const FIELD_MANAGER = "podule";
const REQUEST_TIMEOUT = "--request-timeout=60s";

/** `PODULE_KUBECTL`, else the `kubectl` of the path, else the pinned one of the cache folder. */
export async function findKubectl(
  env: NodeJS.ProcessEnv,
  onInstall?: (tool: { name: string; version: string }) => void,
): Promise<string> {
  if (!env["PODULE_KUBECTL"] && (await run("kubectl", ["version", "--client"])).code === 0) return "kubectl";
  return await ensureTool("kubectl", { env, ...(onInstall === undefined ? {} : { onInstall }) });
}

export function createKubectl(
  binary: string,
  { namespace, context }: Target,
  env: NodeJS.ProcessEnv,
): Kubectl {
  const where = ["--namespace", namespace, ...(context === undefined ? [] : ["--context", context])];
  const call = (args: readonly string[], input?: string) =>
    communicate(binary, [...args, ...where], env, input);
  return {
    run: call,
    async list(kind, ...args) {
      const text = await call([
        "get",
        kind,
        ...args,
        "--ignore-not-found",
        "-o",
        "json",
        REQUEST_TIMEOUT,
      ]).catch((error: unknown) => {
        if (error instanceof UserError && /doesn't have a resource type/.test(error.message)) return "";
        throw error;
      });
      return text.trim() === "" ? [] : items(JSON.parse(text));
    },
    async apply(objects, ...args) {
      if (objects.length === 0) return;
      const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
      const how = ["--server-side", "--force-conflicts", `--field-manager=${FIELD_MANAGER}`];
      await call(["apply", ...how, REQUEST_TIMEOUT, ...args, "-f", "-"], list);
    },
  };
}

function items(answer: unknown): KubeObject[] {
  const found =
    typeof answer === "object" && answer !== null && "items" in answer && Array.isArray(answer.items)
      ? answer.items
      : [answer];
  return found.filter(isKubeObject);
}

function communicate(
  binary: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input = "",
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, args, { env, stdio: ["pipe", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      stderr = (stderr + chunk).slice(-8192);
    });
    child.once("error", (error) => reject(new UserError(`kubectl could not be started: ${error.message}`)));
    child.once("close", (code) => {
      if (code === 0) resolve(stdout);
      else reject(new UserError(`kubectl ${args[0]}: ${withoutLog(stderr) || `exit code ${code}`}`));
    });
    // It may end without reading what it is given.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

/** What it says to people: its libraries log beside that, a line for each attempt ("E1125 03:11:13.006205 ..."). */
export function withoutLog(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => !/^[IWEF]\d{4} [\d:.]+ /.test(line));
  return lines.join("\n").trim();
}
