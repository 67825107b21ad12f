import { request } from "node:http";
import { parseAddress } from "./address.ts";

export interface AdminAnswer {
  readonly status: number;
  readonly body: string;
}

/** Undefined when nobody answers. */
export function adminGet(admin: string, path: string): Promise<AdminAnswer | undefined> {
  return ask(admin, "GET", path);
}

export function adminPost(admin: string, path: string): Promise<AdminAnswer | undefined> {
  return ask(admin, "POST", path);
}

function ask(admin: string, method: string, path: string): Promise<AdminAnswer | undefined> {
  const address = parseAddress(admin);
  const where =
    address.kind === "unix" ? { socketPath: address.path } : { host: address.host, port: address.port };
  return new Promise((resolve) => {
    const call = request({ ...where, method, path, agent: false, timeout: 5000 }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.once("end", () => resolve({ status: response.statusCode ?? 0, body }));
      response.once("error", () => resolve(undefined));
    });
    call.once("timeout", () => call.destroy());
    call.once("error", () => resolve(undefined));
    call.once("close", () => resolve(undefined));
    call.end();
  });
}
