/** Keyword arguments: the last argument of a call. */
export class Kwargs {
  readonly entries: ReadonlyMap<string, unknown>;
  constructor(entries: ReadonlyMap<string, unknown>) {
    this.entries = entries;
  }
}

/** Keyword arguments, as the last argument: `np.sum(x, kw({ axis: 0 }))`. */
export function kw(entries: Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>): Kwargs {
  return new Kwargs(entries instanceof Map ? entries : new Map(Object.entries(entries)));
}
