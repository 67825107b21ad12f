/** A tool could not be brought; the message says what the user can do. */
export class ToolError extends Error {
  override readonly name = "ToolError";
}
