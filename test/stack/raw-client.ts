import { once } from "node:events";
import { connect } from "node:http2";
import { ErrorInfo } from "@podule/proto/google/rpc/error_details.ts";
import { Status as RpcStatus } from "@podule/proto/google/rpc/status.ts";
import { Status } from "nice-grpc";

export interface RawAnswer {
  readonly code: string;
  readonly details: string;
  readonly reason: string | undefined;
}

export interface RawOptions {
  /** The message is said to be compressed so. */
  readonly encoding?: string;
  /** What the length prefix claims. */
  readonly declaredLength?: number;
}

/** One unary call as bytes over HTTP/2 alone: nothing checks what is sent. */
export async function rawUnary(
  address: string,
  path: string,
  message: Uint8Array,
  { encoding, declaredLength = message.length }: RawOptions = {},
): Promise<RawAnswer> {
  const session = connect(`http://${address}`);
  session.on("error", () => undefined);
  try {
    const request = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...(encoding === undefined ? {} : { "grpc-encoding": encoding }),
    });
    const prefix = Buffer.alloc(5);
    prefix.writeUInt8(encoding === undefined ? 0 : 1);
    prefix.writeUInt32BE(declaredLength, 1);
    let headers: Record<string, unknown> = {};
    request.on("response", (received) => {
      headers = { ...headers, ...received };
    });
    request.on("trailers", (received) => {
      headers = { ...headers, ...received };
    });
    request.on("error", () => undefined);
    request.resume();
    const closed = once(request, "close");
    request.end(Buffer.concat([prefix, message]));
    await closed;
    return readAnswer(headers, request.rstCode);
  } finally {
    session.destroy();
  }
}

function readAnswer(headers: Readonly<Record<string, unknown>>, resetCode: number | undefined): RawAnswer {
  const status = headers["grpc-status"];
  if (typeof status !== "string") {
    const http = headers[":status"];
    const code = http === 404 ? "UNIMPLEMENTED" : resetCode === 8 ? "CANCELLED" : "UNAVAILABLE";
    return { code, details: `HTTP status ${String(http)}, reset ${resetCode}`, reason: undefined };
  }
  const details =
    typeof headers["grpc-message"] === "string" ? decodeURIComponent(headers["grpc-message"]) : "";
  return {
    code: Status[Number(status)] ?? status,
    details,
    reason: reasonOf(headers["grpc-status-details-bin"]),
  };
}

function reasonOf(details: unknown): string | undefined {
  if (typeof details !== "string") return undefined;
  const status = RpcStatus.decode(Buffer.from(details, "base64"));
  const info = status.details.find((detail) => detail.typeUrl.endsWith("/google.rpc.ErrorInfo"));
  return info === undefined ? undefined : ErrorInfo.decode(info.value).reason;
}
