/** What must be known of an interpreter; cached, so that a warm start asks nobody. */
export interface PythonFacts {
  /** The interpreter, absolute. */
  readonly path: string;
  /** "3.12.1". */
  readonly version: string;
  /** "cpython". */
  readonly implementation: string;
  /** "linux-x86_64". */
  readonly platform: string;
  /** Top-level modules of the standard library. */
  readonly stdlib: readonly string[];
  /** Size and time of the file: another interpreter at the same path is another one. */
  readonly file: string;
}
