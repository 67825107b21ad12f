/** A `google.rpc.Status` with one ErrorInfo, as the value of `grpc-status-details-bin`. */
export function statusDetails(code: number, message: string, reason: string): string {
  const info = Buffer.concat([text(1, reason), text(2, "podule.dev")]);
  const any = Buffer.concat([text(1, "type.googleapis.com/google.rpc.ErrorInfo"), bytes(2, info)]);
  const status = Buffer.concat([Buffer.from([1 << 3]), varint(code), text(2, message), bytes(3, any)]);
  return status.toString("base64").replace(/=+$/, "");
}

function text(field: number, value: string): Buffer {
  return bytes(field, Buffer.from(value));
}

function bytes(field: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2]), varint(value.length), value]);
}

function varint(value: number): Buffer {
  const out: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) out.push((rest & 0x7f) | 0x80);
  return Buffer.from([...out, rest]);
}
