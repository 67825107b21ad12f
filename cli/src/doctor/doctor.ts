import type { ConnectFlags } from "../client/connect-options.ts";
import { printAs } from "../console/print.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { type Finding, findingsText } from "./finding.ts";
import { installation } from "./installation.ts";
import { service } from "./service.ts";
import { storage } from "./storage.ts";

export interface DoctorFlags extends ConnectFlags {
  /** Who gave `url`; "default": nobody, it is where this machine's own would be. */
  readonly urlFrom: string | undefined;
}

/** Looks at everything that Podule needs; changes nothing. */
export async function doctor(flags: DoctorFlags, env: NodeJS.ProcessEnv): Promise<ExitCode> {
  const parts: Finding[][] = await Promise.all([installation(env), service(flags, env), storage(env)]);
  const findings = parts.flat();
  await printAs(flags.output, findings, () => findingsText(findings));
  return findings.some(({ state }) => state === "fail") ? EXIT.FAILED : EXIT.OK;
}
