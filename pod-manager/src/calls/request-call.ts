import type { ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { type RpcStatus, reasonOf } from "@podule/grpc";
import { asFirst, type Call, type RoutedCall } from "@podule/session";
import type { CallRecord } from "@podule/telemetry";
import type { CallMethod, CallTelemetry } from "../telemetry/call-telemetry.ts";
import {
  type CallFacts,
  deadlinePassed,
  factsOf,
  isPastDeadline,
  mayMove,
  serviceError,
} from "./call-facts.ts";
import { callerOf } from "./caller.ts";
import type { Outgoing } from "./outgoing.ts";
import type { PodLink } from "./pod-link.ts";
import { requestLost, tooManyRequestIds } from "./refusal.ts";
import type { Router } from "./router.ts";

/** Longer ones are refused by the pod. */
const LONGEST_KEY = 512;
const METHOD: CallMethod = "podule.v1.Calls/Call";

/**
 * A call with a request_id: goes to the pod that had it before. A new one goes where all managers send it. One that says it was sent before, and that
 * nobody here knows, is looked for in every pod; it is only run where no pod can have had it.
 */
export class RequestCall implements Outgoing {
  readonly load = "call";
  readonly affinity: string;
  leave: (() => void) | undefined;
  readonly #router: Router;
  readonly #telemetry: CallTelemetry;
  #record: CallRecord | undefined;
  readonly #routed: RoutedCall;
  readonly #call: ServerUnaryCall<Buffer, Buffer>;
  readonly #callback: sendUnaryData<Buffer>;
  /** What is sent to the pod. */
  #request: Buffer;
  #running: Call | undefined;
  #starts = 0;

  constructor(
    router: Router,
    telemetry: CallTelemetry,
    routed: RoutedCall,
    call: ServerUnaryCall<Buffer, Buffer>,
    callback: sendUnaryData<Buffer>,
  ) {
    this.#router = router;
    this.#telemetry = telemetry;
    this.#record = telemetry.begin(METHOD, call, routed.module, call.request.length);
    this.#routed = routed;
    this.#call = call;
    this.#callback = callback;
    this.#request = routed.retry ? asFirst(call.request) : call.request;
    this.affinity = `${routed.module}\0${routed.requestId}`.slice(0, LONGEST_KEY);
    call.on("cancelled", () => this.#cancel());
  }

  get bytes(): number {
    return this.#call.request.length;
  }

  get caller(): string {
    return callerOf(this.#call);
  }

  get deadline(): number {
    return Number(this.#call.getDeadline());
  }

  begin(): void {
    const { session, module, retry } = this.#routed;
    const known = session !== "" || this.#router.requests.podOf(this.affinity) !== undefined;
    if (known || !retry) this.submit();
    else this.#askNext([...this.#router.linksOf(module)]);
  }

  submit(): void {
    const { session, module } = this.#routed;
    const home = this.#router.requests.podOf(this.affinity);
    if (session !== "") this.#router.submitToSession(session, this);
    else if (home !== undefined) this.#router.submitToPod(home, this, requestLost(home));
    else this.#router.submit(module, this);
  }

  start(link: PodLink): void {
    const { requests } = this.#router;
    const home = requests.podOf(this.affinity);
    if (this.#routed.session === "" && home !== undefined && home !== link.name) {
      // Another one with this id has been started while this one waited.
      this.submit();
      return;
    }
    const facts = this.#factsFor(link);
    if (facts === undefined) {
      this.fail(deadlinePassed());
      return;
    }
    if (!requests.begin(this.affinity, link.name)) {
      this.fail(tooManyRequestIds(requests.size));
      return;
    }
    this.#starts += 1;
    const begun = performance.now();
    this.#running = link.client.call(this.#request, facts, (error, response) => {
      this.#running = undefined;
      const notBegun = error !== undefined && mayMove(error, 0);
      requests.end(this.affinity, !notBegun);
      if (error === undefined) this.#answer(response ?? Buffer.alloc(0));
      else if (!this.#call.cancelled && mayMove(error, this.#starts)) this.submit();
      else this.fail(error);
      link.released(begun, error);
    });
  }

  fail(failure: RpcStatus): void {
    this.leave?.();
    const record = this.#record;
    this.#record = undefined;
    const status = record === undefined ? failure : this.#telemetry.failed(record, failure);
    this.#callback(serviceError(status));
  }

  #answer(response: Buffer): void {
    this.leave?.();
    if (this.#record !== undefined) this.#telemetry.succeeded(this.#record, response.length);
    this.#record = undefined;
    this.#callback(null, response);
  }

  /** Undefined: there is no time left. */
  #factsFor(link: PodLink): CallFacts | undefined {
    const facts = factsOf(this.#call);
    if (facts === undefined || this.#record === undefined) return facts;
    const traceparent = this.#telemetry.sent(this.#record, link);
    if (traceparent !== undefined) facts.traceparent = traceparent;
    return facts;
  }

  /** Whether a pod knows the request, one after the other. */
  #askNext(links: PodLink[]): void {
    if (this.#call.cancelled) return;
    const link = links.pop();
    const { module } = this.#routed;
    if (link === undefined) {
      if (this.#router.mayHaveHad(module)) this.fail(requestLost(undefined));
      else this.submit();
      return;
    }
    const facts = link.usable ? this.#factsFor(link) : {};
    if (!link.usable) this.#askNext(links);
    else if (facts === undefined) this.fail(deadlinePassed());
    else {
      const { requests } = this.#router;
      this.#running = link.client.call(this.#call.request, facts, (error, response) => {
        this.#running = undefined;
        if (error !== undefined && reasonOf(error) === "REQUEST_UNKNOWN") {
          this.#askNext(links);
          return;
        }
        if (requests.begin(this.affinity, link.name)) requests.end(this.affinity, true);
        if (error === undefined) this.#answer(response ?? Buffer.alloc(0));
        else this.fail(error);
      });
    }
  }

  #cancel(): void {
    if (this.#running === undefined) {
      this.leave?.();
      if (this.#record !== undefined) this.#telemetry.gone(this.#record);
      this.#record = undefined;
      this.#router.withdraw(this.#routed.module, this);
    } else if (!isPastDeadline(this.#call)) this.#running.cancel();
  }
}
