import type { Call, Caller } from "../calls/call.ts";

/** What a leased call needs of its session. */
export interface Lease {
  /** A CallResponse with the session's token only. */
  readonly tokenResponse: Buffer;
  readonly maxMessageBytes: number;
  /** The call has ended. */
  leaseEnded(): void;
  /** Asks the worker for the next bytes of a body. */
  pull(call: Call, bytes: number): void;
  /** Ends the call, whose body is too large. */
  refuse(call: Call, bytes: number): void;
}

/** The caller of a call that names a session without being on its stream: gets the session's token beside the result. */
export class LeasedCaller implements Caller {
  readonly #caller: Caller;
  readonly #lease: Lease;
  #body: Buffer | undefined;
  #filled = 0;

  constructor(caller: Caller, lease: Lease) {
    this.#caller = caller;
    this.#lease = lease;
  }

  result(call: Call, response: Buffer): void {
    this.#lease.leaseEnded();
    this.#caller.result(call, Buffer.concat([this.#take(response), this.#lease.tokenResponse]));
  }

  item(call: Call, response: Buffer): void {
    this.#caller.item(call, this.#take(response));
  }

  end(call: Call): void {
    this.#lease.leaseEnded();
    this.#caller.end(call);
  }

  error(call: Call, status: Buffer): void {
    this.#lease.leaseEnded();
    this.#caller.error(call, status);
  }

  /** A large body is put together here: there is no stream for its chunks. */
  chunked(call: Call, total: number): void {
    if (total > this.#lease.maxMessageBytes) {
      this.#lease.refuse(call, total);
      return;
    }
    this.#body = Buffer.allocUnsafe(total);
    this.#filled = 0;
    this.#lease.pull(call, total);
  }

  piece(_call: Call, data: Buffer): void {
    if (this.#body !== undefined) this.#filled += data.copy(this.#body, this.#filled);
  }

  #take(body: Buffer): Buffer {
    const whole = this.#body;
    this.#body = undefined;
    return body.length > 0 || whole === undefined ? body : whole;
  }
}
