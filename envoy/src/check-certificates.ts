import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { ListenerTls } from "./params.ts";

/** Throws what is wrong with them: Envoy itself would wait for better ones without a word. */
export async function checkCertificates({ certFile, keyFile, clientCaFile }: ListenerTls): Promise<void> {
  const files = [certFile, keyFile, ...(clientCaFile === undefined ? [] : [clientCaFile])];
  try {
    const [cert, key, ca] = await Promise.all(files.map((file) => readFile(file)));
    createSecureContext({ cert, key, ...(ca === undefined ? {} : { ca }) });
  } catch (error) {
    throw new Error(
      `The certificate of Envoy cannot be used (${files.join(", ")}): ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
