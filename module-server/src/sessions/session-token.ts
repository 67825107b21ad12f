import { randomBytes } from "node:crypto";

const SECRET_BYTES = 16;

/** "POD.SECRET": names the pod for those who route, and the session for those who know it. */
export function makeToken(pod: string): string {
  return `${pod}.${randomBytes(SECRET_BYTES).toString("base64url")}`;
}
