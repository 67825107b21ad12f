import { isIP } from "node:net";
import type { Address } from "./params.ts";

export type ParsedAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

/** A socket's path must fit `sockaddr_un`, with its final NUL. */
export const MAX_SOCKET_PATH_BYTES = 107;

/** Throws with what is wrong. */
export function parseAddress(text: Address): ParsedAddress {
  if (text.startsWith("unix:")) return { kind: "unix", path: socketPath(text.slice("unix:".length)) };
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) {
    throw new Error(`"${text}" is no address: write HOST:PORT, [IPv6]:PORT or unix:/path`);
  }
  if (match?.[1] !== undefined && isIP(host) !== 6) throw new Error(`"${text}": ${host} is no IPv6 address`);
  return { kind: "tcp", host, port };
}

export function formatAddress(address: ParsedAddress): Address {
  if (address.kind === "unix") return `unix:${address.path}`;
  return `${isIP(address.host) === 6 ? `[${address.host}]` : address.host}:${address.port}`;
}

/** A socket, 127.0.0.0/8 or ::1: nobody on another machine can reach it. A name counts as reachable. */
export function isLocal(address: ParsedAddress): boolean {
  if (address.kind === "unix") return true;
  return (isIP(address.host) === 4 && address.host.startsWith("127.")) || address.host === "::1";
}

/** As Envoy writes it in its configuration. */
export function envoyAddress(address: ParsedAddress): object {
  if (address.kind === "unix") return { pipe: { path: address.path, mode: 0o600 } };
  return { socket_address: { address: address.host, port_value: address.port } };
}

function socketPath(path: string): string {
  if (!path.startsWith("/")) throw new Error(`unix:${path}: the path of a socket must be absolute`);
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_SOCKET_PATH_BYTES) {
    throw new Error(
      `unix:${path}: a socket's path has at most ${MAX_SOCKET_PATH_BYTES} bytes, this has ${bytes}`,
    );
  }
  return path;
}
