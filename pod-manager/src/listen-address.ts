import { isIPv4, isIPv6 } from "node:net";
import { isAbsolute } from "node:path";

/** The length of `sockaddr_un.sun_path` on Linux, less its final NUL. macOS has 103. */
export const MAX_SOCKET_PATH_BYTES = process.platform === "darwin" ? 103 : 107;

export type ListenAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly text: string }
  | { readonly kind: "unix"; readonly path: string; readonly text: string };

/** "127.0.0.1:50051", "[::1]:50051", "localhost:50051" or "unix:/path". Throws Error. */
export function parseListenAddress(text: string): ListenAddress {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length);
    if (!isAbsolute(path) || path.includes("\0"))
      throw new Error(`${JSON.stringify(text)}: the socket's path is not absolute (unix:/path)`);
    checkSocketPath(path);
    return { kind: "unix", path, text };
  }
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:[\]\s]+)):(?<port>[0-9]{1,5})$/.exec(text);
  const { v6, host, port } = match?.groups ?? {};
  if (port === undefined || Number(port) > 65_535 || (v6 !== undefined && !isIPv6(v6)))
    throw new Error(`${JSON.stringify(text)} is neither HOST:PORT, [IPV6]:PORT nor unix:/path`);
  return { kind: "tcp", host: v6 ?? host ?? "", port: Number(port), text };
}

/** Whether only this machine can reach it. A name counts only where it is `localhost`. */
export function isLoopback(address: ListenAddress): boolean {
  if (address.kind === "unix") return true;
  const { host } = address;
  if (isIPv4(host)) return host.startsWith("127.");
  return host === "localhost" || host === "::1" || /^(0{1,4}:){7}0{0,3}1$/.test(host);
}

/** Throws Error where the kernel could not bind that path. */
export function checkSocketPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_SOCKET_PATH_BYTES) {
    throw new Error(
      `the path of the socket ${path} has ${bytes} bytes; the system allows ${MAX_SOCKET_PATH_BYTES}: choose a shorter folder`,
    );
  }
}
