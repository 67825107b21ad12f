import { createPrivateKey, createPublicKey, createSign, generateKeyPairSync, randomUUID } from "node:crypto";

/** What Envoy's configuration in k8s/base expects. */
export const ISSUER = "podule";
export const AUDIENCE = "podule";

/** The key that signs users' tokens, PEM. */
export function newSigningKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** The key set with its public half, for whoever checks tokens. */
export function keySet(signingKey: string): string {
  const key = createPublicKey(signingKey).export({ format: "jwk" });
  return JSON.stringify({ keys: [{ ...key, kid: keyId(signingKey), alg: "ES256", use: "sig" }] });
}

export function signToken(
  signingKey: string,
  { subject, seconds, now = Date.now() }: { subject: string; seconds: number; now?: number },
): string {
  const issued = Math.floor(now / 1000);
  const claims = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: subject,
    iat: issued,
    exp: issued + seconds,
    jti: randomUUID(),
  };
  const content = `${part({ alg: "ES256", kid: keyId(signingKey), typ: "JWT" })}.${part(claims)}`;
  const signature = createSign("sha256")
    .update(content)
    .sign({ key: createPrivateKey(signingKey), dsaEncoding: "ieee-p1363" });
  return `${content}.${signature.toString("base64url")}`;
}

function keyId(signingKey: string): string {
  const { x } = createPublicKey(signingKey).export({ format: "jwk" });
  return (x ?? "").slice(0, 16);
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
