import { BadRequest, DebugInfo, ErrorInfo, RetryInfo } from "@podule/proto/google/rpc/error_details.ts";
import { Status as RpcStatus } from "@podule/proto/google/rpc/status.ts";
import { type ClientError, type Metadata, Status } from "nice-grpc";

/** A failed call with the google.rpc.Status that its trailer carried. */
export class CallFailure extends Error {
  readonly code: keyof typeof Status;
  readonly details: string;
  readonly status: RpcStatus | undefined;

  constructor(error: ClientError, trailer: Metadata | undefined) {
    const code = codeName(error.code);
    super(`${error.path} ${code}: ${error.details}`);
    this.name = "CallFailure";
    this.code = code;
    this.details = error.details;
    const bytes = trailer?.get("grpc-status-details-bin");
    this.status = bytes === undefined ? undefined : RpcStatus.decode(Buffer.from(bytes));
  }

  get reason(): string | undefined {
    return this.#detail("google.rpc.ErrorInfo", ErrorInfo.decode)?.reason;
  }

  get domain(): string | undefined {
    return this.#detail("google.rpc.ErrorInfo", ErrorInfo.decode)?.domain;
  }

  get metadata(): Record<string, string> {
    return Object.fromEntries(this.#detail("google.rpc.ErrorInfo", ErrorInfo.decode)?.metadata ?? []);
  }

  get traceback(): string {
    const debug = this.#detail("google.rpc.DebugInfo", DebugInfo.decode);
    return debug === undefined ? "" : [...debug.stackEntries, debug.detail].join("\n");
  }

  get fields(): string[] {
    const bad = this.#detail("google.rpc.BadRequest", BadRequest.decode);
    return bad?.fieldViolations.map((violation) => violation.field) ?? [];
  }

  get retryDelay(): number | undefined {
    const delay = this.#detail("google.rpc.RetryInfo", RetryInfo.decode)?.retryDelay;
    return delay === undefined ? undefined : Number(delay.seconds) * 1000 + delay.nanos / 1e6;
  }

  #detail<T>(type: string, decode: (bytes: Uint8Array) => T): T | undefined {
    const any = this.status?.details.find((detail) => detail.typeUrl.endsWith(`/${type}`));
    return any === undefined ? undefined : decode(any.value);
  }
}

function codeName(code: Status): keyof typeof Status {
  for (const [name, number] of Object.entries(Status)) if (number === code && isName(name)) return name;
  return "UNKNOWN";
}

function isName(name: string): name is keyof typeof Status {
  return Number.isNaN(Number(name)) && name in Status;
}

/** The failure of a call that must fail. */
export async function failure(promise: Promise<unknown>): Promise<CallFailure> {
  const outcome = await promise.then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
  if ("error" in outcome && outcome.error instanceof CallFailure) return outcome.error;
  if ("error" in outcome) throw outcome.error;
  throw new Error("The call did not fail", { cause: outcome.result });
}
