import { userInfo } from "node:os";
import { UserError } from "../user-error.ts";
import { connect, signingKey } from "./deploy.ts";
import { readSecret, USERS_CERTIFICATE } from "./secrets.ts";
import { signToken } from "./tokens.ts";

export interface TokenFlags {
  readonly namespace: string;
  readonly context?: string;
  readonly subject?: string;
  /** How long it is good, in milliseconds. */
  readonly for: number;
  /** Print the authority of the certificates instead. */
  readonly ca: boolean;
}

/** Whoever may read the namespace's Secrets may make tokens. */
export async function token(flags: TokenFlags, env: NodeJS.ProcessEnv): Promise<void> {
  const { kubectl } = await connect(flags, env);
  if (flags.ca) {
    const ca = readSecret(await kubectl.list("secret", USERS_CERTIFICATE), USERS_CERTIFICATE, "ca.crt");
    if (ca === "")
      throw new UserError(`Nothing is deployed in the namespace ${flags.namespace}: podule deploy`);
    process.stdout.write(ca.endsWith("\n") ? ca : `${ca}\n`);
    return;
  }
  const key = await signingKey(kubectl, flags.namespace);
  const seconds = Math.round(flags.for / 1000);
  console.log(signToken(key, { subject: flags.subject ?? userInfo().username, seconds }));
}
