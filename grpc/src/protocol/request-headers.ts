import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Server } from "@grpc/grpc-js";
import { Status } from "nice-grpc-common";
import { internalMethod } from "./internals.ts";

const CONTENT_TYPES = new Set(["application/grpc", "application/grpc+proto"]);
/** 24 days: what a timer of Node can wait. */
const LONGEST_TIMEOUT = "2147483S";
const SECONDS: Readonly<Record<string, number>> = { H: 3600, M: 60, S: 1 };
const ENCODINGS = ["identity", "deflate", "gzip"];

/**
 * Refuses requests that are not gRPC with protobuf, or compressed in a way that is not known: grpc-js would take them for it. And shortens
 * deadlines that are too far away for grpc-js: it would take them for past. `take`: whether the request has been taken, and is not for grpc-js.
 */
export function checkRequestHeaders(
  server: Server,
  take: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => boolean,
): void {
  internalMethod(server, "_verifyContentType");
  Reflect.set(server, "_verifyContentType", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const refusal = refusalOf(headers);
    if (refusal === undefined) {
      if (isTooLong(headers["grpc-timeout"])) headers["grpc-timeout"] = LONGEST_TIMEOUT;
      return !take(stream, headers);
    }
    stream.respond(refusal, { endStream: true });
    return false;
  });
}

function refusalOf(headers: IncomingHttpHeaders): Record<string, string | number> | undefined {
  if (headers[":method"] !== "POST") return { ":status": 405, allow: "POST" };
  const [contentType = ""] = (headers["content-type"] ?? "").split(";");
  if (!CONTENT_TYPES.has(contentType.trim())) return { ":status": 415 };
  const encoding = headers["grpc-encoding"];
  if (encoding === undefined || (typeof encoding === "string" && ENCODINGS.includes(encoding)))
    return undefined;
  return {
    ":status": 200,
    "content-type": "application/grpc",
    "grpc-status": Status.UNIMPLEMENTED,
    "grpc-message": encodeURI(`Messages cannot be read in the encoding "${String(encoding)}"`),
    "grpc-accept-encoding": ENCODINGS.join(","),
  };
}

function isTooLong(timeout: string | string[] | undefined): boolean {
  const [, value = "0", unit = ""] = /^(\d{1,8})([HMS])$/.exec(String(timeout)) ?? [];
  return Number(value) * (SECONDS[unit] ?? 0) > Number.parseInt(LONGEST_TIMEOUT, 10);
}
