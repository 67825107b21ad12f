/** grpc-js ends some messages with the heading of a note that it does not have. */
export function withoutNote(message: string): string {
  return message.replace(/\s*Resolution note:\s*$/, "");
}
