import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { deployment, probeSpec } from "./deployed-stack.ts";
import { spec } from "./modules.ts";
import { type Stack, type StackOptions, startStack } from "./stack.ts";

export interface UseStackOptions extends StackOptions {
  /** Has the tests' own module `probe`. */
  readonly probe?: boolean;
  readonly probeWorkers?: number;
  readonly probeMemoryLimit?: string;
  readonly probeDependency?: string[];
}

const PROBE = join(import.meta.dirname, "../modules/probe.py");

/** One stack for all tests of a file, ended behind them. */
export function useStack(options: UseStackOptions = {}): { readonly stack: Stack } {
  let stack: Stack | undefined;
  beforeAll(async () => {
    stack = await startStack(options);
    if (options.probe === true) {
      const fields = {
        path: PROBE,
        workers: options.probeWorkers ?? 0,
        libMemSizeLimit: options.probeMemoryLimit ?? "",
        dependency: options.probeDependency ?? [],
      };
      const deployed = deployment();
      const probe = deployed === undefined ? spec(fields) : probeSpec(deployed, fields);
      await stack.connection.modules.createModule({ moduleId: "probe", module: { spec: probe } });
    }
  });
  afterAll(() => stack?.stop());
  return {
    get stack() {
      if (stack === undefined) throw new Error("The stack has not been started");
      return stack;
    },
  };
}
