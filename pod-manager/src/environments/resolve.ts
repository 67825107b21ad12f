import { statusError } from "@podule/grpc";
import { Status } from "nice-grpc";
import { defaultDependencies } from "./default-dependency.ts";
import { type EnvironmentRequest, type Lock, makeLock, unlocked } from "./lock.ts";
import { findPython } from "./python.ts";
import { requirementProblem } from "./requirement.ts";
import { runUv, type UvOptions } from "./uv.ts";
import { uvFailure } from "./uv-failure.ts";

const TIMEOUT_MS = 10 * 60_000;

/** Asks uv for the lock of a request. */
export async function resolveLock(
  options: UvOptions & { readonly pythonsFolder: string },
  request: EnvironmentRequest,
  { signal, fresh }: { signal: AbortSignal; fresh: boolean },
): Promise<Lock> {
  const python = await findPython({ ...options, folder: options.pythonsFolder }, request.python, {
    signal,
    fresh,
  });
  const wanted = requirementsOf(request, new Set(python.stdlib));
  if (wanted.length === 0) return makeLock(python, "");
  const result = await runUv(
    options,
    [
      options.uv,
      "pip",
      "compile",
      "--quiet",
      "--no-header",
      "--no-annotate",
      "--generate-hashes",
      "--no-python-downloads",
      ...(fresh ? ["--refresh"] : []),
      "--python",
      python.path,
      "-",
    ],
    { signal, timeoutMs: TIMEOUT_MS, input: `${wanted.join("\n")}\n` },
  );
  const metadata = { requirements: wanted.join(", ").slice(0, 1000) };
  if (result.code !== 0) throw uvFailure(result, metadata);
  const loose = unlocked(result.stdout);
  if (loose.length > 0)
    throw statusError(
      Status.INVALID_ARGUMENT,
      "DEPENDENCY_INVALID",
      `${loose.join(", ")}: a folder has no hash and cannot be locked; give an archive, a git URL, or "path" for your own code`,
      { metadata },
    );
  return makeLock(python, result.stdout);
}

function requirementsOf(request: EnvironmentRequest, stdlib: ReadonlySet<string>): readonly string[] {
  if (request.dependencies.length === 0)
    return request.ownCode ? [] : defaultDependencies(request.importName, stdlib);
  for (const requirement of request.dependencies) {
    const problem = requirementProblem(requirement);
    if (problem !== undefined)
      throw statusError(
        Status.INVALID_ARGUMENT,
        "DEPENDENCY_INVALID",
        `The requirement ${JSON.stringify(requirement.slice(0, 200))} ${problem}`,
      );
  }
  return request.dependencies.map((requirement) => requirement.trim());
}
