export type Labels = Readonly<Record<string, string>>;

export interface Exemplar {
  readonly traceId: string;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface HistogramPoint {
  readonly labels: Labels;
  /** One for each bound, and one for what is above the last. */
  readonly counts: readonly number[];
  readonly exemplars: readonly (Exemplar | undefined)[];
  readonly sum: number;
  readonly count: number;
}

export interface Family {
  /** As OpenTelemetry writes names: "rpc.server.call.duration". */
  readonly name: string;
  readonly help: string;
  /** "s", "By", "{call}". */
  readonly unit: string;
}

export type Snapshot =
  | (Family & {
      readonly kind: "histogram";
      readonly bounds: readonly number[];
      readonly points: readonly HistogramPoint[];
    })
  | (Family & {
      readonly kind: "counter" | "gauge";
      readonly points: readonly { labels: Labels; value: number }[];
    });

/** Series of one family; what comes beyond that is counted together, with "_other" for each label. */
const MOST_SERIES = 500;
/** As the semantic conventions advise for durations. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const FINE_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, ...SECONDS, 30, 60];

export interface Histogram {
  observe(labels: readonly string[], value: number, traceId?: string): void;
}

export interface Counter {
  add(labels: readonly string[], value: number): void;
}

export interface Registry {
  histogram(family: Family, names: readonly string[]): Histogram;
  counter(family: Family, names: readonly string[]): Counter;
  /** Read when somebody asks. */
  gauge(family: Family, read: () => Iterable<{ labels: Labels; value: number }>): void;
  /** The same, of a value that only grows. */
  total(family: Family, read: () => Iterable<{ labels: Labels; value: number }>): void;
  collect(): Snapshot[];
}

export function createRegistry(): Registry {
  const families: (() => Snapshot)[] = [];
  const observed = (
    kind: "counter" | "gauge",
    family: Family,
    read: () => Iterable<{ labels: Labels; value: number }>,
  ) => families.push(() => ({ ...family, kind, points: [...read()].slice(0, MOST_SERIES) }));
  return {
    histogram(family, names) {
      const series = new Series(names, () => new Buckets(FINE_SECONDS.length + 1));
      families.push(() => ({
        ...family,
        kind: "histogram",
        bounds: FINE_SECONDS,
        points: series.all().map(([labels, buckets]) => buckets.point(labels)),
      }));
      return { observe: (labels, value, traceId) => series.of(labels).observe(value, traceId) };
    },
    counter(family, names) {
      const series = new Series(names, () => ({ value: 0 }));
      families.push(() => ({
        ...family,
        kind: "counter",
        points: series.all().map(([labels, { value }]) => ({ labels, value })),
      }));
      return {
        add(labels, value) {
          series.of(labels).value += value;
        },
      };
    },
    gauge: (family, read) => observed("gauge", family, read),
    total: (family, read) => observed("counter", family, read),
    collect: () => families.map((read) => read()),
  };
}

/** By their labels' values; bounded in number. */
class Series<T> {
  readonly #names: readonly string[];
  readonly #make: () => T;
  readonly #series = new Map<string, { labels: readonly string[]; value: T }>();

  constructor(names: readonly string[], make: () => T) {
    this.#names = names;
    this.#make = make;
  }

  of(labels: readonly string[]): T {
    const key = labels.length === 1 ? (labels[0] ?? "") : labels.join("\n");
    const known = this.#series.get(key);
    if (known !== undefined) return known.value;
    if (this.#series.size >= MOST_SERIES && !labels.every((label) => label === "_other"))
      return this.of(labels.map(() => "_other"));
    const value = this.#make();
    this.#series.set(key, { labels: [...labels], value });
    return value;
  }

  all(): [Labels, T][] {
    return [...this.#series.values()].map(({ labels, value }) => [
      Object.fromEntries(this.#names.map((name, i) => [name, labels[i] ?? ""])),
      value,
    ]);
  }
}

class Buckets {
  readonly #counts: number[];
  readonly #exemplars: (Exemplar | undefined)[];
  #sum = 0;
  #count = 0;

  constructor(size: number) {
    this.#counts = new Array<number>(size).fill(0);
    this.#exemplars = new Array<Exemplar | undefined>(size).fill(undefined);
  }

  observe(value: number, traceId: string | undefined): void {
    let at = 0;
    while (at < FINE_SECONDS.length && value > (FINE_SECONDS[at] ?? 0)) at++;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
    this.#count += 1;
    if (traceId !== undefined) this.#exemplars[at] = { traceId, value, at: Date.now() };
  }

  point(labels: Labels): HistogramPoint {
    return {
      labels,
      counts: [...this.#counts],
      exemplars: [...this.#exemplars],
      sum: this.#sum,
      count: this.#count,
    };
  }
}
