const OFFSET = /(?:Z|[+-]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)$/;

/** A Python datetime.datetime. Naive without an offset in `iso`. */
export class PyDateTime {
  /** As Python's isoformat() writes it: microseconds, and an offset where it has one. */
  readonly iso: string;
  /** IANA time zone ("Europe/Paris") where it has one. */
  readonly zone: string;
  /** 1 for the second of two equal wall-clock times. */
  readonly fold: 0 | 1;

  constructor(iso: string, zone = "", fold: 0 | 1 = 0) {
    this.iso = iso;
    this.zone = zone;
    this.fold = fold;
  }

  /** A Date is a moment: it travels as an aware datetime in UTC. */
  static from(date: Date): PyDateTime {
    return new PyDateTime(isoOf(date));
  }

  get naive(): boolean {
    return !OFFSET.test(this.iso.slice(10));
  }

  /** The moment, to the millisecond. A naive datetime is read in the local time zone, as Python does. */
  toDate(): Date {
    return new Date(this.iso.replace(/(\.\d{3})\d+/, "$1").replace(/([+-]\d\d:\d\d):\d\d(?:\.\d+)?$/, "$1"));
  }

  toString(): string {
    return this.iso;
  }
}

/** A Python datetime.date. */
export class PyDate {
  /** "2026-11-24". */
  readonly iso: string;
  constructor(iso: string) {
    this.iso = iso;
  }
  /** Midnight of that day in UTC. */
  toDate(): Date {
    return new Date(`${this.iso}T00:00:00Z`);
  }
  toString(): string {
    return this.iso;
  }
}

/** A Python datetime.time. */
export class PyTime {
  /** "16:45:00.000001", with an offset where it has one. */
  readonly iso: string;
  readonly zone: string;
  readonly fold: 0 | 1;
  constructor(iso: string, zone = "", fold: 0 | 1 = 0) {
    this.iso = iso;
    this.zone = zone;
    this.fold = fold;
  }
  toString(): string {
    return this.iso;
  }
}

/** A Python datetime.timedelta, in its normal form: only `days` is negative. */
export class TimeDelta {
  readonly days: number;
  /** 0 to 86,399. */
  readonly seconds: number;
  /** 0 to 999,999. */
  readonly microseconds: number;

  constructor(days: number, seconds = 0, microseconds = 0) {
    const wholeSeconds = seconds + Math.floor(microseconds / 1_000_000);
    this.microseconds = modulo(microseconds, 1_000_000);
    this.seconds = modulo(wholeSeconds, 86_400);
    this.days = days + Math.floor(wholeSeconds / 86_400);
  }

  static fromMilliseconds(milliseconds: number): TimeDelta {
    const seconds = Math.floor(milliseconds / 1000);
    return new TimeDelta(0, seconds, Math.round((milliseconds - seconds * 1000) * 1000));
  }

  toMilliseconds(): number {
    return (this.days * 86_400 + this.seconds) * 1000 + this.microseconds / 1000;
  }
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}

function isoOf(date: Date): string {
  const iso = date.toISOString();
  if (iso.length !== 24) throw new RangeError(`Python's datetime has the years 1 to 9999, not ${iso}`);
  const millis = iso.slice(20, 23);
  return `${iso.slice(0, 19)}${millis === "000" ? "" : `.${millis}000`}+00:00`;
}
