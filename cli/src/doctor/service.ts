import { type Module, Module_State } from "@podule/proto/podule/v1/modules.ts";
import type { ConnectFlags } from "../client/connect-options.ts";
import { openServices } from "../client/connection.ts";
import { PoduleError } from "../client/podule.ts";
import { idOf } from "../console/names.ts";
import { whoHasPort } from "../start/busy-port.ts";
import { readSettings, VARIABLES } from "../start/settings.ts";
import type { DoctorFlags } from "./doctor.ts";
import type { Finding } from "./finding.ts";

const ANSWER_MS = 3000;

/** What listens where Podule does, and whether it is one. */
export async function service(flags: DoctorFlags, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const asked = flags.urlFrom === "cli" ? "--url" : flags.urlFrom === "env" ? "POD_MANAGER_URL" : undefined;
  return [
    await port(env),
    ...(await answers(asked === undefined ? { ...flags, url: ownUrl(env) } : flags, asked)),
  ];
}

async function port(env: NodeJS.ProcessEnv): Promise<Finding> {
  const what = "settings of `podule up`";
  try {
    const { host, port: number } = readSettings(env);
    const owner = await whoHasPort(host, number);
    const taken = owner === undefined ? "free" : `taken by ${owner}`;
    return { what, state: "ok", found: `${host}:${number} is ${taken}` };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return { what, state: "fail", found, advice: "see Configuration in README.md" };
  }
}

function ownUrl(env: NodeJS.ProcessEnv): string {
  const host = env[VARIABLES.host] || "127.0.0.1";
  const scheme = env[VARIABLES.tlsCert] ? "https://" : "";
  return `${scheme}${host}:${env[VARIABLES.port] || 50_051}`;
}

/** `asked`: what says that it should be there. */
async function answers(flags: ConnectFlags, asked: string | undefined): Promise<Finding[]> {
  const what = "service";
  const { url } = flags;
  using services = await openServices(flags);
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const { modules } = await services.modules.listModules(
      { pageSize: 1000 },
      { signal, timeoutMs: ANSWER_MS },
    );
    return [
      { what, state: "ok", found: `${url} answers, ${modules.length} modules` },
      ...modules.flatMap(failed),
    ];
  } catch (error) {
    if (error instanceof PoduleError && error.code === "UNAUTHENTICATED") {
      const advice = "--token, or PODULE_TOKEN, says who you are";
      return [{ what, state: "note", found: `${url} answers, and asks for a token`, advice }];
    }
    const found = `${url} does not answer: ${error instanceof Error ? error.message : String(error)}`;
    const advice = asked === undefined ? "`podule up` starts it" : `${asked} says so: is it right?`;
    return [{ what, state: asked === undefined ? "note" : "fail", found, advice }];
  }
}

function failed({ name, status }: Module): Finding[] {
  if (status?.state !== Module_State.FAILED) return [];
  const found = (status.error?.message ?? "").split("\n", 1)[0] ?? "";
  return [
    {
      what: `module ${idOf(name)}`,
      state: "note",
      found: `FAILED: ${found}`,
      advice: `podule modules get ${idOf(name)} has its words; an update tries again`,
    },
  ];
}
