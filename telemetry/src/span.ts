/** One span, as it is kept, exported and shown. */
export interface Span {
  /** The part it is of: "podule-manager", "podule-module-server", "podule-worker". */
  readonly service: string;
  /** Which of them: the manager's or the pod's name, "POD/2" of a worker. */
  readonly instance: string;
  readonly name: string;
  readonly kind: "internal" | "server";
  readonly traceId: string;
  readonly spanId: string;
  /** "": none. */
  readonly parentSpanId: string;
  readonly parentIsRemote: boolean;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
  /** What made it an error. */
  readonly error: string | undefined;
}

export interface SpanEvent {
  readonly name: string;
  readonly at: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
}
