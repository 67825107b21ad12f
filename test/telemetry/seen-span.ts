/** A span as the collector has written it. */
export interface SeenSpan {
  readonly service: string;
  readonly resource: Readonly<Record<string, string>>;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly events: readonly string[];
  readonly links: readonly string[];
  /** 2 of an error. */
  readonly status: number;
}

/** From lines of OTLP JSON; the last one may not be written whole yet. */
export function readSpans(text: string): SeenSpan[] {
  const lines = text.split("\n");
  lines.pop();
  return lines.flatMap((line) => items(JSON.parse(line), "resourceSpans").flatMap(ofResource));
}

function ofResource(entry: unknown): SeenSpan[] {
  const resource = attributesOf(field(entry, "resource"));
  return items(entry, "scopeSpans").flatMap((scope) =>
    items(scope, "spans").map((span) => ({
      service: resource["service.name"] ?? "",
      resource,
      name: text(span, "name"),
      traceId: text(span, "traceId"),
      spanId: text(span, "spanId"),
      parentSpanId: text(span, "parentSpanId"),
      start: Number(text(span, "startTimeUnixNano")) / 1e6,
      end: Number(text(span, "endTimeUnixNano")) / 1e6,
      attributes: attributesOf(span),
      events: items(span, "events").map((event) => text(event, "name")),
      links: items(span, "links").map((link) => text(link, "spanId")),
      status: Number(field(field(span, "status"), "code") ?? 0),
    })),
  );
}

function attributesOf(holder: unknown): Record<string, string> {
  return Object.fromEntries(
    items(holder, "attributes").map((attribute) => {
      const value = field(attribute, "value");
      const [inner] = typeof value === "object" && value !== null ? Object.values(value) : [];
      return [text(attribute, "key"), String(inner)];
    }),
  );
}

function field(holder: unknown, name: string): unknown {
  return typeof holder === "object" && holder !== null ? Reflect.get(holder, name) : undefined;
}

function text(holder: unknown, name: string): string {
  const value = field(holder, name);
  return typeof value === "string" ? value : "";
}

function items(holder: unknown, name: string): unknown[] {
  const value = field(holder, name);
  return Array.isArray(value) ? value : [];
}
