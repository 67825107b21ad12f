/** Something that the user can put right; printed without a stack trace. */
export class UserError extends Error {
  override readonly name = "UserError";
}
