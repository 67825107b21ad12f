import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Server } from "@grpc/grpc-js";
import { Status } from "nice-grpc-common";
import { internalMethod } from "./internals.ts";

const CONTENT_TYPES = new Set(["application/grpc", "application/grpc+proto"]);
const ENCODINGS = ["identity", "deflate", "gzip"];

/** Refuses requests that are not gRPC with protobuf, or compressed in a way that is not known: grpc-js would take them for it. */
export function checkRequestHeaders(server: Server): void {
  internalMethod(server, "_verifyContentType");
  Reflect.set(server, "_verifyContentType", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const refusal = refusalOf(headers);
    if (refusal === undefined) return true;
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
