import type { Writer, Written } from "../wire/writer.ts";
import type { CallIds, LargeId } from "./call-ids.ts";
import type { CallSink } from "./call-sink.ts";
import { writeCancel } from "./control-frames.ts";
import type { Outbox, WaitingFrame } from "./outbox.ts";
import type { CallSpec } from "./request.ts";
import type { Transfers } from "./transfers.ts";

interface Large {
  readonly id: LargeId;
  /** Objects that it, or a call behind it, names or makes. */
  readonly names: Set<number>;
  readonly behind: WaitingFrame[];
}

/**
 * Calls whose bodies travel in chunks. Later calls pass them, except those that name an object which a large one names or makes: these
 * keep their order.
 */
export class LargeCalls {
  /** The objects that the call being written names. */
  readonly named: number[] = [];
  held = 0;
  readonly #ids: CallIds;
  readonly #outbox: Outbox;
  readonly #transfers: Transfers;
  readonly #sent: () => void;
  readonly #calls: Large[] = [];

  constructor(ids: CallIds, outbox: Outbox, transfers: Transfers, sent: () => void) {
    this.#ids = ids;
    this.#outbox = outbox;
    this.#transfers = transfers;
    this.#sent = sent;
  }

  get active(): boolean {
    return this.#calls.length > 0;
  }

  /** Sends a body, then its call. Returns the call's id. */
  send(body: Written, modeAt: number, spec: CallSpec, sink: CallSink): number {
    const id = this.#ids.large();
    const large: Large = { id, names: new Set(this.named).add(id.id), behind: [] };
    this.#calls.push(large);
    this.#transfers.add({
      id: id.id,
      callback: false,
      body,
      dropped: () => sink.dropped,
      start: () => {
        sink.left = true;
        body.bytes[modeAt] = sink.seal();
      },
      done: (skipped) => this.#done(large, spec, sink, skipped),
    });
    return id.id;
  }

  #done(large: Large, spec: CallSpec, sink: CallSink, skipped: boolean): void {
    const outbox = this.#outbox;
    if (!skipped) {
      const start = outbox.begin();
      writeEmptyCall(outbox.writer, large.id.id, spec);
      outbox.commit(start, sink, -1);
      if (sink.dropped) {
        const cancel = outbox.begin();
        writeCancel(outbox.writer, large.id.id);
        outbox.commit(cancel, undefined, -1);
      }
    }
    this.#calls.shift();
    this.#ids.done(large.id);
    this.held -= large.behind.length;
    for (const frame of large.behind) outbox.wait(frame);
    this.#sent();
  }

  /** The large call that the one being written must come behind. */
  behind(): Large | undefined {
    return this.#calls.findLast(({ names }) => this.named.some((name) => names.has(name)));
  }

  first(): Large | undefined {
    return this.#calls[0];
  }

  /** An id behind `large` for the call being written. */
  idBehind(large: Large): number {
    const id = this.#ids.behind(large.id);
    for (const name of this.named) large.names.add(name);
    large.names.add(id);
    return id;
  }

  /** Keeps the frame written since `start` until `large` has left. */
  hold(large: Large, start: number, sink: CallSink, modeAt: number): void {
    const { writer } = this.#outbox;
    const bytes = Buffer.from(writer.buffer.subarray(start, writer.pos));
    writer.pos = start;
    large.behind.push({ bytes, sink, modeAt: modeAt - start });
    this.held++;
  }

  clear(): void {
    this.#calls.length = 0;
    this.held = 0;
  }
}

/** What a CallFrame says behind its request. */
export function writeCallFields(writer: Writer, id: number, spec: CallSpec): void {
  writer.tag(0x08);
  writer.varint(id);
  if (spec.timeoutMs > 0) {
    writer.tag(0x18);
    writer.varint(spec.timeoutMs);
  }
  if (spec.traceparent !== "") {
    writer.tag(0x22);
    writer.string(spec.traceparent);
  }
  if (spec.credit > 0) {
    writer.tag(0x28);
    writer.varint(1);
    writer.tag(0x30);
    writer.varint(spec.credit);
  }
}

function writeEmptyCall(writer: Writer, id: number, spec: CallSpec): void {
  writer.tag(0x0a);
  const frame = writer.begin();
  writer.tag(0x12);
  const call = writer.begin();
  writer.tag(0x12);
  writer.varint(0);
  writeCallFields(writer, id, spec);
  writer.end(call);
  writer.end(frame);
}
