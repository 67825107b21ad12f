import { withoutNote } from "../client/message.ts";
import { PoduleError } from "../client/podule.ts";
import { ToolError } from "../tools/tool-error.ts";
import { UserError } from "../user-error.ts";

/** Of ErrorInfo's metadata, what is not said by the message or the traceback. */
const FACTS = new Set(["module", "pod", "call_id", "cause", "path", "missing", "requirements"]);

/** What a person reads of an error: the remote traceback as Python shows it, what happened, and the facts. */
export function errorText(error: unknown): string {
  if (!(error instanceof PoduleError)) {
    if (error instanceof UserError || error instanceof ToolError) return `error: ${error.message}`;
    return `error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
  const { code, reason, metadata, remoteTraceback, retryAfterMs, violations } = error;
  const message = withoutNote(error.message);
  const facts = Object.entries(metadata).filter(([name]) => FACTS.has(name));
  const traceback = remoteTraceback?.trimEnd() ?? "";
  const lines = [
    ...(traceback === "" ? [] : [traceback, ""]),
    `error: ${traceback.endsWith(message) ? "raised in Python" : message}`,
    `  ${reason === "" ? code : `${reason} (${code})`}`,
    ...facts.map(([name, value]) => `  ${name}: ${value}`),
    ...violations
      .filter(({ description }) => !message.includes(description))
      .map(({ field, description }) => `  ${field}: ${description}`),
    ...(retryAfterMs === undefined ? [] : [`  may be tried again in ${retryAfterMs} ms`]),
    ...hint(error),
  ];
  return lines.map(printable).join("\n");
}

/** The same for programs: one line of JSON. */
export function errorJson(error: unknown): string {
  if (!(error instanceof PoduleError)) {
    return JSON.stringify({ error: { message: error instanceof Error ? error.message : String(error) } });
  }
  const { code, reason, message, metadata, remoteTraceback, retryAfterMs, violations } = error;
  return JSON.stringify({
    error: { code, reason, message, metadata, violations, retryAfterMs, traceback: remoteTraceback },
  });
}

function hint({ code, reason }: PoduleError): string[] {
  if (code === "UNAVAILABLE" && reason === "") {
    return ["  Is it running? `podule up` starts one on this machine; `podule doctor` looks for the cause."];
  }
  if (code === "UNAUTHENTICATED") return ["  --token or PODULE_TOKEN says who you are."];
  return [];
}

/** Others' words may hold escape sequences, which a terminal would obey. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}--[\n\t]]/gv, "\u{fffd}");
}
