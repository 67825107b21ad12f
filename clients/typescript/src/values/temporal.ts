import { PyDate, PyDateTime, PyTime, TimeDelta } from "./times.ts";

/** What a Temporal object (the standard's, or a polyfill's) is in Python; undefined for anything else. */
export function fromTemporal(value: object): PyDate | PyDateTime | PyTime | TimeDelta | undefined {
  const tag: unknown = Reflect.get(value, Symbol.toStringTag);
  if (typeof tag !== "string" || !tag.startsWith("Temporal.")) return undefined;
  const text = String(value);
  switch (tag) {
    case "Temporal.PlainDate":
      return new PyDate(text.slice(0, 10));
    case "Temporal.PlainTime":
      return new PyTime(micros(text));
    case "Temporal.PlainDateTime":
      return new PyDateTime(micros(text.replace(/\[.*$/, "")));
    case "Temporal.Instant":
      return new PyDateTime(micros(text.replace(/Z$/, "+00:00")));
    case "Temporal.ZonedDateTime": {
      const zone = /\[!?([^\]=]+)\]/.exec(text)?.[1] ?? "";
      return new PyDateTime(micros(text.replace(/\[.*$/, "")), /^[+-]/.test(zone) ? "" : zone);
    }
    case "Temporal.Duration":
      return fromDuration(value);
    default:
      return undefined;
  }
}

/** Python has whole microseconds, written as none or six digits. */
function micros(iso: string): string {
  return iso.replace(/\.(\d+)/, (_, digits: string) => {
    const six = digits.slice(0, 6).padEnd(6, "0");
    return six === "000000" ? "" : `.${six}`;
  });
}

function fromDuration(value: object): TimeDelta | undefined {
  const part = (name: string): number => {
    const found: unknown = Reflect.get(value, name);
    return typeof found === "number" ? found : 0;
  };
  // A month has no length of its own: timedelta cannot say it.
  if (part("years") !== 0 || part("months") !== 0) return undefined;
  const seconds = (part("hours") * 60 + part("minutes")) * 60 + part("seconds");
  const micro = part("milliseconds") * 1000 + part("microseconds") + Math.trunc(part("nanoseconds") / 1000);
  return new TimeDelta(part("weeks") * 7 + part("days"), seconds, micro);
}
