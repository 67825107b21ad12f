import type { Metadata } from "@grpc/grpc-js";

/** Set by Envoy alone, from a verified token; what clients send of that name is dropped. */
const SUBJECT = "x-podule-subject";
const CERTIFICATE = "x-forwarded-client-cert";
const ADDRESSES = "x-forwarded-for";
const MOST = 256;

/**
 * Who a call is from, as far as fairness and quotas go: whom the token names, else whom the client certificate does, else the
 * address that Envoy saw, else the connection.
 */
export function callerOf(call: { readonly metadata: Metadata; getPeer(): string }): string {
  const { metadata } = call;
  const subject = text(metadata, SUBJECT);
  if (subject !== "") return `subject ${subject}`.slice(0, MOST);
  const certificate = text(metadata, CERTIFICATE);
  if (certificate !== "")
    return `certificate ${/Subject="[^"]*"/.exec(certificate)?.[0] ?? certificate}`.slice(0, MOST);
  // Envoy adds the peer at the end; what is before it, anyone may have written.
  const address = text(metadata, ADDRESSES).split(",").at(-1)?.trim() ?? "";
  return address === "" ? `peer ${call.getPeer()}` : `address ${address}`.slice(0, MOST);
}

function text(metadata: Metadata, key: string): string {
  const values = metadata.get(key);
  const value = values.at(-1);
  return typeof value === "string" ? value : "";
}
