import type { Writer } from "../wire/writer.ts";

function control(writer: Writer, tag: number, fields: () => void): void {
  writer.tag(0x0a);
  const frame = writer.begin();
  writer.tag(tag);
  const content = writer.begin();
  fields();
  writer.end(content);
  writer.end(frame);
}

/** The first frame of a stream; with a token, to go on with that session. */
export function writeOpen(writer: Writer, module: string, token: string, received: number): void {
  control(writer, 0x0a, () => {
    writer.tag(0x0a);
    writer.string(module);
    writer.tag(0x10);
    writer.varint(1);
    if (token === "") return;
    writer.tag(0x1a);
    writer.string(token);
    writer.tag(0x20);
    writer.varint(received);
  });
}

export function writeCancel(writer: Writer, id: number): void {
  control(writer, 0x1a, () => {
    writer.tag(0x08);
    writer.varint(id);
  });
}

export function writeCredit(writer: Writer, id: number, items: number): void {
  control(writer, 0x22, () => {
    writer.tag(0x08);
    writer.varint(id);
    writer.tag(0x10);
    writer.varint(items);
  });
}

export function writeRelease(writer: Writer, ids: readonly number[]): void {
  control(writer, 0x32, () => {
    writer.tag(0x0a);
    const packed = writer.begin();
    for (const id of ids) {
      writer.need(10);
      writer.varint(id);
    }
    writer.end(packed);
  });
}

export function writeClose(writer: Writer): void {
  control(writer, 0x42, () => undefined);
}

/** A CallbackResultFrame that raises. */
export function writeCallbackError(writer: Writer, id: number, status: Uint8Array): void {
  control(writer, 0x3a, () => {
    writer.tag(0x08);
    writer.varint(id);
    writer.tag(0x1a);
    writer.bytes(status, Number.POSITIVE_INFINITY);
  });
}
