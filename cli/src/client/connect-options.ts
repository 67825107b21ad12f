import { readFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { UserError } from "../user-error.ts";
import type { ChannelOptions } from "./podule.ts";

/** What every command that speaks to a Podule takes. */
export interface ConnectFlags {
  readonly url: string;
  readonly token?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  readonly output: OutputForm;
}

export type OutputForm = "text" | "json";

export function connecting(command: Command): Command {
  return command
    .addOption(outputOption())
    .addOption(
      new Option("--url <url>", "the pod manager, or a pod: host:port, https://host:port, unix:/path")
        .env("POD_MANAGER_URL")
        .default("127.0.0.1:50051"),
    )
    .addOption(new Option("--token <token>", "a bearer token (JWT)").env("PODULE_TOKEN"))
    .addOption(new Option("--ca <file>", "TLS: authority to trust, PEM; default: the system's"))
    .addOption(new Option("--cert <file>", "TLS: a certificate of your own, PEM"))
    .addOption(new Option("--key <file>", "TLS: its key, PEM"))
    .addOption(new Option("--server-name <name>", "TLS: the name in the server's certificate"));
}

export function outputOption(): Option {
  return new Option("-o, --output <form>", "for people or for programs")
    .choices(["text", "json"])
    .default("text");
}

/** Reads the files that the flags name. */
export async function channelOptions(flags: ConnectFlags): Promise<ChannelOptions> {
  if ((flags.cert === undefined) !== (flags.key === undefined)) {
    throw new UserError("--cert and --key go together");
  }
  return {
    url: flags.url,
    token: flags.token || undefined,
    ca: await pem("--ca", flags.ca),
    cert: await pem("--cert", flags.cert),
    key: await pem("--key", flags.key),
    serverName: flags.serverName,
  };
}

async function pem(flag: string, file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file);
  } catch (error) {
    throw new UserError(`${flag}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
