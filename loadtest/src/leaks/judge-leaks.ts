/** The state of the worker after so many objects were made and dropped. */
export interface Sample {
  readonly objects: number;
  readonly seconds: number;
  readonly residentMiB: number;
  /** Instances alive in Python. */
  readonly live: number;
  /** Entries of the session's object table. */
  readonly table: number;
}

/** An interpreter's memory settles within the first tenth; beyond that it may breathe by so much. */
const SLACK_MIB = 4;

export interface LeakVerdict {
  readonly grownMiB: number;
  readonly holds: boolean;
}

/** From the first sample under load to the last: nothing is left, and the memory is where it was. */
export function judgeLeaks(samples: readonly Sample[]): LeakVerdict {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || samples.length < 2)
    throw new Error("Nothing was measured");
  const grownMiB = last.residentMiB - first.residentMiB;
  const empty = samples.every(({ live, table }) => live === 0 && table === 0);
  return { grownMiB, holds: empty && grownMiB <= SLACK_MIB };
}
