import type { IncomingHttpHeaders } from "node:http2";
import { Metadata } from "@grpc/grpc-js";
import { internal } from "./internals.ts";

/** Of the protocol; handlers do not see them. */
const PROTOCOL = new Set([
  "grpc-timeout",
  "grpc-encoding",
  "grpc-accept-encoding",
  "accept-encoding",
  "te",
  "content-type",
]);
const COLON = 0x3a;
const TIMEOUT = /(\d{1,8})\s*([HMSmun])/;
const MILLISECONDS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

/** What a call's headers say besides the protocol. HTTP/2 has checked their names and values already. */
export function metadataOf(headers: IncomingHttpHeaders): Metadata {
  const metadata = new Metadata();
  const entries = internal(metadata, "internalRepr");
  if (!(entries instanceof Map)) throw new Error('"internalRepr" of @grpc/grpc-js is not a map');
  for (const key of Object.keys(headers)) {
    const value = headers[key];
    if (value === undefined || key.charCodeAt(0) === COLON || PROTOCOL.has(key)) continue;
    if (key.endsWith("-bin")) entries.set(key, binary(Array.isArray(value) ? value : value.split(",")));
    else entries.set(key, Array.isArray(value) ? value : [value]);
  }
  return metadata;
}

function binary(values: readonly string[]): Buffer[] {
  return values.map((value) => Buffer.from(value.trim(), "base64"));
}

/** In whole milliseconds, as grpc-js takes it; undefined where it is malformed. */
export function timeoutOf(header: string | string[]): number | undefined {
  const [, value, unit] = TIMEOUT.exec(String(header)) ?? [];
  const scale = unit === undefined ? undefined : MILLISECONDS[unit];
  return scale === undefined ? undefined : Math.trunc(Number(value) * scale);
}
