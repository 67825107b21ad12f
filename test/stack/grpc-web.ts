import { Status } from "nice-grpc";

export interface WebAnswer {
  readonly status: number;
  readonly messages: readonly Buffer[];
  readonly code: string;
  readonly message: string;
}

/** One call as a browser makes it: gRPC-Web over fetch, HTTP/1.1. */
export async function grpcWeb(address: string, path: string, message: Uint8Array): Promise<WebAnswer> {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  const response = await fetch(`http://${address}${path}`, {
    method: "POST",
    headers: { "content-type": "application/grpc-web+proto", "x-grpc-web": "1" },
    body: Buffer.concat([prefix, message]),
  });
  const body = Buffer.from(await response.arrayBuffer());
  const messages: Buffer[] = [];
  const trailers = new Map([...response.headers]);
  for (let at = 0; at + 5 <= body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    const frame = body.subarray(at + 5, end);
    if (body.readUInt8(at) & 0x80) readTrailers(frame.toString("latin1"), trailers);
    else messages.push(frame);
    at = end;
  }
  return {
    status: response.status,
    messages,
    code: Status[Number(trailers.get("grpc-status"))] ?? "none",
    message: decodeURIComponent(trailers.get("grpc-message") ?? ""),
  };
}

function readTrailers(text: string, into: Map<string, string>): void {
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) into.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
}
