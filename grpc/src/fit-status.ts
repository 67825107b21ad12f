import type { Any } from "@podule/proto/google/protobuf/any.ts";
import { DebugInfo } from "@podule/proto/google/rpc/error_details.ts";
import { Status as StatusMessage } from "@podule/proto/google/rpc/status.ts";
import type { RpcStatus } from "./errors.ts";

/**
 * grpc clients refuse headers and trailers of more than 8 KiB (C core's and grpcio's soft limit), and the whole call with them. So that
 * an error always arrives: the message as sent (percent-encoded) and the encoded Status (sent in base64) each have a bound.
 */
const MESSAGE_BYTES = 2048;
const STATUS_BYTES = 3840;
const CUT = "\n[... cut ...]\n";
const DEBUG_INFO = "type.googleapis.com/google.rpc.DebugInfo";

/** A status that fits a trailer: a long message loses its end, a DebugInfo its middle; then details are left out from the last on. */
export function fitStatus(status: RpcStatus): RpcStatus {
  const message = fitMessage(status.message);
  let fitted: RpcStatus = { ...status, message };
  let excess = sizeOf(fitted) - STATUS_BYTES;
  if (excess > 0) {
    fitted = { ...fitted, details: fitted.details.map((detail) => shortenDebugInfo(detail, excess)) };
    excess = sizeOf(fitted) - STATUS_BYTES;
  }
  while (excess > 0 && fitted.details.length > 0) {
    fitted = { ...fitted, details: fitted.details.slice(0, -1) };
    excess = sizeOf(fitted) - STATUS_BYTES;
  }
  return fitted;
}

function sizeOf(status: RpcStatus): number {
  return StatusMessage.encode(status).finish().length;
}

function fitMessage(message: string): string {
  const text = message.toWellFormed();
  if (encodeURI(text).length <= MESSAGE_BYTES) return text;
  let room = MESSAGE_BYTES - encodeURI("…").length;
  let kept = "";
  for (const character of text) {
    room -= encodeURI(character).length;
    if (room < 0) break;
    kept += character;
  }
  return `${kept}…`;
}

function shortenDebugInfo(detail: Any, excess: number): Any {
  if (detail.typeUrl !== DEBUG_INFO) return detail;
  const info = DebugInfo.decode(detail.value);
  const bytes = Buffer.from(info.detail);
  const room = bytes.length - excess - CUT.length - 8;
  const half = Math.max(0, Math.floor(room / 2));
  const text = room <= 0 ? "" : `${utf8Head(bytes, half)}${CUT}${utf8Tail(bytes, half)}`;
  return { ...detail, value: Buffer.from(DebugInfo.encode({ ...info, detail: text }).finish()) };
}

/** At most `length` bytes from the start, without a broken character at the cut. */
function utf8Head(bytes: Buffer, length: number): string {
  let end = Math.min(length, bytes.length);
  while (end > 0 && isContinuation(bytes[end])) end -= 1;
  return bytes.toString("utf8", 0, end);
}

function utf8Tail(bytes: Buffer, length: number): string {
  let start = Math.max(0, bytes.length - length);
  while (start < bytes.length && isContinuation(bytes[start])) start += 1;
  return bytes.toString("utf8", start);
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
