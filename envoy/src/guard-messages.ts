export interface GuardOptions {
  readonly binary: string;
  readonly args: readonly string[];
  /** Removed at the end. */
  readonly runDir: string;
  /** Gets what the binary says on stderr. */
  readonly log: string;
}

export type FromGuard =
  | { readonly type: "started"; readonly pid: number }
  | {
      readonly type: "exited";
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
      /** The last of what it said. */
      readonly log: string;
    };

/** The only word to the guard; losing the channel means the same. */
export const STOP = "stop";
