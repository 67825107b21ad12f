/** What a script may rely on; the table of docs/cli.md. */
export const EXIT = {
  OK: 0,
  FAILED: 1,
  USAGE: 2,
  NOT_FOUND: 3,
  UNAVAILABLE: 4,
  PYTHON: 5,
  REFUSED: 6,
  CONFLICT: 7,
  LATE: 8,
  LIMIT: 9,
  INTERRUPTED: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
