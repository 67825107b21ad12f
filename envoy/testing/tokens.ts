import { createSign, generateKeyPairSync } from "node:crypto";

export interface Issuer {
  /** The key set, as a file for Envoy has it. */
  readonly jwks: string;
  token(claims: Readonly<Record<string, unknown>>): string;
}

export function issuer(): Issuer {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const kid = "test";
  return {
    jwks: JSON.stringify({
      keys: [{ ...publicKey.export({ format: "jwk" }), kid, alg: "ES256", use: "sig" }],
    }),
    token(claims) {
      const content = `${part({ alg: "ES256", kid, typ: "JWT" })}.${part(claims)}`;
      const signature = createSign("sha256")
        .update(content)
        .sign({ key: privateKey, dsaEncoding: "ieee-p1363" });
      return `${content}.${signature.toString("base64url")}`;
    },
  };
}

/** `alg: none`: signed by nobody. */
export function unsigned(claims: Readonly<Record<string, unknown>>): string {
  return `${part({ alg: "none", typ: "JWT" })}.${part(claims)}.`;
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
