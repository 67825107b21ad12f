/** Something that the user can put right; printed without a stack trace. */
export class UserError extends Error {
  override get name(): string {
    return "UserError";
  }
}

/** The command line itself is wrong. */
export class UsageError extends UserError {
  override get name(): string {
    return "UsageError";
  }
}
