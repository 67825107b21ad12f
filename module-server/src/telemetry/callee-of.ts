const FUNCTION = 0x12;
const MODULE = 0x0a;
const MOST = 120;

/** The function that a CallRequest names, where it stands before the arguments as encoders write it; "": elsewhere, or none. */
export function calleeOf(request: Buffer): string {
  let at = 0;
  while (at + 1 < request.length) {
    const tag = request[at];
    const bytes = request[at + 1] ?? 0;
    // Names of 128 bytes and more are left out.
    if (bytes >= 128 || (tag !== MODULE && tag !== FUNCTION)) return "";
    if (tag === FUNCTION) return request.toString("utf8", at + 2, Math.min(at + 2 + bytes, at + 2 + MOST));
    at += 2 + bytes;
  }
  return "";
}
