import type { Socket } from "node:net";
import { LinkBatch } from "./link-batch.ts";
import { LinkError, type LinkFrames, LinkReader } from "./link-codec.ts";

const NOTHING = Buffer.alloc(0);

export interface LinkEvents extends LinkFrames {
  /** All frames of one chunk have been given. */
  chunkEnd(): void;
  /** The socket takes frames again. */
  drain(): void;
  /** After the last frame. */
  closed(error: Error | undefined): void;
}

/** The module server's end of one connection with Python. Frames sent in one turn of the event loop leave in one write. */
export class Link {
  readonly #socket: Socket;
  readonly #batch = new LinkBatch();
  #events: LinkEvents | undefined;
  #error: Error | undefined;
  #scheduled = false;
  #afterFlush: (() => void) | undefined;
  readonly #flushNow = () => {
    this.#scheduled = false;
    this.#flush();
  };

  constructor(socket: Socket, maxPayload: number, events: LinkEvents) {
    this.#socket = socket;
    this.#events = events;
    const reader = new LinkReader(
      {
        frame: (kind, id, payload) => this.#events?.frame(kind, id, payload),
        oversize: (kind, id, bytes) => this.#events?.oversize(kind, id, bytes),
      },
      maxPayload,
    );
    socket.on("data", (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch (error) {
        // A payload too short for its kind ends in a RangeError.
        if (!(error instanceof LinkError || error instanceof RangeError)) throw error;
        socket.destroy(error);
        return;
      }
      this.#events?.chunkEnd();
    });
    socket.on("drain", () => this.#events?.drain());
    socket.on("error", (error) => {
      this.#error = error;
    });
    socket.on("close", () => {
      const current = this.#events;
      this.#events = undefined;
      current?.closed(this.#error);
    });
  }

  /** Who listens from now on. */
  handOver(events: LinkEvents): void {
    if (this.#events !== undefined) this.#events = events;
  }

  /** The socket has enough to do: send no more calls. */
  get blocked(): boolean {
    return this.#socket.writableNeedDrain;
  }

  send(kind: number, id: number, body: Buffer = NOTHING, prefix?: Buffer): void {
    if (this.#events === undefined) return;
    this.#batch.add(kind, id, prefix, body);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#flushNow);
  }

  /** Calls `listener` once, after what was sent in this turn has been given to the socket. */
  afterFlush(listener: () => void): void {
    this.#afterFlush = listener;
  }

  /** Nothing more is sent; what was sent is read first. */
  end(): void {
    this.#flush();
    this.#socket.end();
  }

  destroy(error?: Error): void {
    this.#socket.destroy(error);
  }

  #flush(): void {
    if (this.#events !== undefined && !this.#batch.empty) {
      const chunks = this.#batch.takeAll();
      this.#socket.cork();
      for (const chunk of chunks) this.#socket.write(chunk);
      this.#socket.uncork();
    }
    const listener = this.#afterFlush;
    this.#afterFlush = undefined;
    listener?.();
  }
}
