/** Frames that one end has sent and may have to send again. */
interface Kept<F> {
  readonly frame: F;
  readonly size: number;
}

/** Unacknowledged bytes at which a sender waits. */
export const WINDOW_BYTES = 4 * 1024 * 1024;

/**
 * One end's account of the frames of a resumable session, over however many streams. It counts what it receives, and
 * keeps what it sends until the other end has said to have received it. After a new stream, `unacknowledged` is sent again, in order:
 * so every frame arrives exactly once.
 */
export class FrameLog<F> {
  #kept: (Kept<F> | undefined)[] = [];
  #head = 0;
  #keptBytes = 0;
  #acknowledged = 0;
  #received = 0;

  /** Frames received in this session, to be told to the other end. */
  get received(): number {
    return this.#received;
  }

  /** Bytes sent and not acknowledged. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** False: wait for acknowledgements before sending more. */
  get open(): boolean {
    return this.#keptBytes < WINDOW_BYTES;
  }

  /** A counted frame has arrived. */
  receive(): void {
    this.#received++;
  }

  /** A counted frame is handed to the stream (or would be, if there were one). */
  send(frame: F, size: number): void {
    this.#kept.push({ frame, size });
    this.#keptBytes += size;
  }

  /** The other end says to have received so many frames. False: it cannot have. An older count changes nothing. */
  acknowledge(received: number): boolean {
    if (received < this.#acknowledged) return true;
    if (received - this.#acknowledged > this.#kept.length - this.#head) return false;
    for (; this.#acknowledged < received; this.#acknowledged++) {
      const first = this.#kept[this.#head];
      this.#kept[this.#head++] = undefined;
      if (first !== undefined) this.#keptBytes -= first.size;
    }
    if (this.#head > 64 && this.#head * 2 > this.#kept.length) {
      this.#kept.splice(0, this.#head);
      this.#head = 0;
    }
    return true;
  }

  /** What a new stream has to carry first, after `acknowledge(received)` of its opening frame. */
  *unacknowledged(): Generator<F> {
    for (let at = this.#head; at < this.#kept.length; at++) {
      const kept = this.#kept[at];
      if (kept !== undefined) yield kept.frame;
    }
  }
}
