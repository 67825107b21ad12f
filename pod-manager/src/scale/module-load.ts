/** What the routing of calls knows of a module's load. Read when it is needed: the values change under the reader. */
export interface ModuleLoad {
  readonly id: string;
  /** Calls that wait for a pod. */
  readonly waiting: number;
  readonly links: readonly {
    readonly name: string;
    /** It takes calls. */
    readonly usable: boolean;
    /** Calls sent to it that are not answered. */
    readonly inFlight: number;
    /** Client sessions piped to it. */
    readonly sessions: number;
  }[];
}
