/** The name of the pod that a session's token, `POD.SECRET`, says it lives in. */
export function podOfToken(token: string): string {
  return `pods/${token.slice(0, Math.max(0, token.lastIndexOf(".")))}`;
}
