import type { Server } from "@grpc/grpc-js";
import { Status } from "nice-grpc-common";
import { type StatusError, statusError } from "../errors.ts";
import type { RawHandlers } from "../server/raw.ts";
import { toServiceError } from "../service-error.ts";
import { internal } from "./internals.ts";

const LISTED = 20;

/** Answers calls of methods that are not served with what is. `paths` are those that are, at any time. */
export function answerUnknownMethods(server: Server, paths: ReadonlySet<string>): void {
  internal(server, "handlers");
  Reflect.set(server, "handlers", new Handlers(paths));
}

class Handlers extends Map<unknown, unknown> {
  readonly #paths: ReadonlySet<string>;
  constructor(paths: ReadonlySet<string>) {
    super();
    this.#paths = paths;
  }
  override get(path: unknown): unknown {
    return super.get(path) ?? unknownMethod(String(path), this.#paths);
  }
}

function unknownMethod(path: string, paths: ReadonlySet<string>): object {
  const func: RawHandlers["bidi"] = (call) => {
    call.emit("error", toServiceError(unimplemented(path, paths)));
  };
  const identity = (bytes: Buffer) => bytes;
  return { func, serialize: identity, deserialize: identity, type: "bidi", path };
}

function unimplemented(path: string, paths: ReadonlySet<string>): StatusError {
  const service = serviceOf(path);
  const methods = [...paths].filter((known) => serviceOf(known) === service).map((known) => nameOf(known));
  if (methods.length > 0) {
    return statusError(
      Status.UNIMPLEMENTED,
      "UNKNOWN_METHOD",
      `The service ${service} has no method "${nameOf(path)}"; it has ${list(methods)}`,
    );
  }
  const services = [...new Set([...paths].map(serviceOf))];
  return statusError(
    Status.UNIMPLEMENTED,
    "UNKNOWN_SERVICE",
    `There is no service "${service}" here; there is ${list(services)}`,
  );
}

function serviceOf(path: string): string {
  return path.slice(1, Math.max(1, path.lastIndexOf("/")));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function list(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const rest = names.length - LISTED;
  return names.slice(0, LISTED).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
