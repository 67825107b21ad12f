import { statusOfThrown } from "../status.ts";
import type { Decoder } from "../values/decode.ts";
import type { Encoder } from "../values/encode.ts";
import { type Callbacks, callbackArguments } from "./callbacks.ts";
import { writeCallbackError } from "./control-frames.ts";
import { CHUNK_ABOVE } from "./limits.ts";
import type { Outbox } from "./outbox.ts";
import type { Transfers } from "./transfers.ts";

/** Runs functions of ours for Python, and sends what comes of it. */
export class CallbackRuns {
  readonly #callbacks: Callbacks;
  readonly #outbox: Outbox;
  readonly #encoder: Encoder;
  readonly #transfers: Transfers;

  constructor(callbacks: Callbacks, outbox: Outbox, encoder: Encoder, transfers: Transfers) {
    this.#callbacks = callbacks;
    this.#outbox = outbox;
    this.#encoder = encoder;
    this.#transfers = transfers;
  }

  /** Answers callback `id`, whose CallRequest is in buffer[start..end]. */
  run(
    decoder: Decoder,
    id: number,
    functionId: number,
    buffer: Buffer,
    start: number,
    end: number,
    owned: boolean,
  ): void {
    let args: unknown[];
    try {
      args = callbackArguments(decoder, buffer, start, end, owned);
    } catch (error) {
      this.#fail(id, error);
      return;
    }
    void this.#callbacks.run(functionId, args).then((outcome) => {
      if ("error" in outcome) this.#error(id, outcome.error);
      else this.#value(id, outcome.value);
    });
  }

  #fail(id: number, error: unknown): void {
    this.#error(id, statusOfThrown(error));
  }

  #error(id: number, status: Uint8Array): void {
    const start = this.#outbox.begin();
    writeCallbackError(this.#outbox.writer, id, status);
    this.#outbox.commit(start, undefined, -1);
  }

  #value(id: number, value: unknown): void {
    const outbox = this.#outbox;
    const { writer } = outbox;
    const start = outbox.begin();
    writer.tag(0x0a);
    const frame = writer.begin();
    writer.tag(0x3a);
    const content = writer.begin();
    writer.tag(0x08);
    writer.varint(id);
    writer.tag(0x12);
    const response = writer.begin();
    try {
      this.#encoder.field(0x0a, value);
    } catch (error) {
      writer.truncate(start);
      this.#fail(id, error);
      return;
    }
    if (writer.pos - response > CHUNK_ABOVE || writer.externals.length > 0) {
      const body = outbox.extract(start, response);
      this.#transfers.add({
        id,
        callback: true,
        body,
        dropped: () => false,
        start: () => undefined,
        done: () => this.#empty(id),
      });
      return;
    }
    writer.end(response);
    writer.end(content);
    writer.end(frame);
    outbox.commit(start, undefined, -1);
  }

  /** The frame behind a value that came in chunks. */
  #empty(id: number): void {
    const { writer } = this.#outbox;
    const start = this.#outbox.begin();
    writer.tag(0x0a);
    const frame = writer.begin();
    writer.tag(0x3a);
    const content = writer.begin();
    writer.tag(0x08);
    writer.varint(id);
    writer.tag(0x12);
    writer.varint(0);
    writer.end(content);
    writer.end(frame);
    this.#outbox.commit(start, undefined, -1);
  }
}
