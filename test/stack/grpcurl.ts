import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { tool } from "./tools.ts";

export interface GrpcurlResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real grpcurl, without proto files: it asks reflection (v1alpha in the release that the wheel has). */
export async function grpcurl(
  address: string,
  target: string,
  data?: unknown,
  flags: readonly string[] = [],
): Promise<GrpcurlResult> {
  const body = data === undefined ? [] : ["-d", typeof data === "string" ? data : JSON.stringify(data)];
  const child = spawn(
    await tool("grpcurl"),
    ["-plaintext", ...flags, ...body, address, ...target.split(" ")],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  return { code: typeof code === "number" ? code : null, stdout, stderr };
}

/** The answers of a call that must succeed: one for a unary method. */
export async function grpcurlAnswers(address: string, method: string, data?: unknown): Promise<unknown[]> {
  const { code, stdout, stderr } = await grpcurl(address, method, data);
  if (code !== 0) throw new Error(`grpcurl ${method}: ${stderr}`);
  const objects = stdout.split(/^(?=\{)/m).filter((part) => part.trim() !== "");
  return objects.map((object): unknown => JSON.parse(object));
}
