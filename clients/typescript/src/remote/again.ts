/** Thrown while arguments are written: something has to happen first, then they are written again. */
export class Again {
  /** Does it; a promise: it takes time. */
  readonly first: (findings: Findings) => Promise<unknown> | undefined;
  constructor(first: (findings: Findings) => Promise<unknown> | undefined) {
    this.first = first;
  }
}

/** What was found out for the call that is being written, by the argument it is about. */
export type Findings = Map<object, unknown>;
