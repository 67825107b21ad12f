import { Status } from "nice-grpc-common";
import type { Call, Caller } from "../calls/call.ts";
import { statusBytes } from "../status-bytes.ts";

/** What a leased call needs of its session. */
export interface Lease {
  readonly token: string;
  readonly maxMessageBytes: number;
  keepAlive(): void;
  /** Asks the worker for the next bytes of a body. */
  pull(call: Call, bytes: number): void;
  cancel(call: Call): void;
}

const SESSION_FIELD = 0x12;

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
    this.#lease.keepAlive();
    const token = Buffer.from(this.#lease.token);
    this.#caller.result(
      call,
      Buffer.concat([this.#take(response), Buffer.of(SESSION_FIELD, token.length), token]),
    );
  }

  item(call: Call, response: Buffer): void {
    this.#caller.item(call, this.#take(response));
  }

  end(call: Call): void {
    this.#lease.keepAlive();
    this.#caller.end(call);
  }

  error(call: Call, status: Buffer): void {
    this.#lease.keepAlive();
    this.#caller.error(call, status);
  }

  /** A large body is put together here: there is no stream for its chunks. */
  chunked(call: Call, total: number): void {
    const { maxMessageBytes } = this.#lease;
    if (total > maxMessageBytes) {
      const words = `The result has ${total} bytes; at most ${maxMessageBytes} are allowed without a session's stream`;
      call.answered = true;
      this.#caller.error(call, statusBytes(Status.RESOURCE_EXHAUSTED, "RESULT_TOO_LARGE", words));
      this.#lease.cancel(call);
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
