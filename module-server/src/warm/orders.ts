/** What a parent process may tell a pod over their IPC channel. */
export type Order =
  /** Be the pod that these variables describe: those of a pod's environment. */
  | { readonly type: "specialize"; readonly variables: Readonly<Record<string, string>> }
  /** End as on SIGTERM, but keep the process that has the module imported, and wait for the next order. */
  | { readonly type: "park" };

/** undefined: no order. */
export function readOrder(message: unknown): Order | undefined {
  if (typeof message !== "object" || message === null || !("type" in message)) return undefined;
  if (message.type === "park") return { type: "park" };
  if (message.type !== "specialize" || !("variables" in message)) return undefined;
  const { variables } = message;
  if (typeof variables !== "object" || variables === null) return undefined;
  const entries = Object.entries(variables);
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === "string")) return undefined;
  return { type: "specialize", variables: Object.fromEntries(entries) };
}
