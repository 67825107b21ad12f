import type { PoduleError } from "../errors.ts";

/** CallRequest.ResultMode. */
export const RESULT_MODE = { AUTO: 0, VALUE: 1, OBJECT: 2 } as const;
export type ResultMode = (typeof RESULT_MODE)[keyof typeof RESULT_MODE];

/** Who waits for the answers of a call. Exactly one of `result`, `end` and `fail` comes, once; nothing comes behind it. */
export interface CallSink {
  /** The call is on its way: the server may run it. Set by the session. */
  left: boolean;
  /** Nobody wants it any more: it need not leave if it has not. */
  readonly dropped: boolean;
  /** Asked when the call leaves: how its result is wanted, from now on unchangeably. */
  seal(): ResultMode;
  /** A CallResponse in buffer[start..end]; `owned`: the buffer is this body alone. */
  result(buffer: Buffer, start: number, end: number, owned: boolean): void;
  /** A StreamResponse. */
  item(buffer: Buffer, start: number, end: number, owned: boolean): void;
  end(): void;
  fail(error: PoduleError): void;
}
