import { Metadata } from "@grpc/grpc-js";

/** Metadata whose binary values are sent as base64 without padding. */
export class UnpaddedMetadata extends Metadata {
  static of(metadata: Metadata): UnpaddedMetadata {
    if (metadata instanceof UnpaddedMetadata) return metadata;
    const result = new UnpaddedMetadata(metadata.getOptions());
    result.merge(metadata);
    return result;
  }

  override clone(): UnpaddedMetadata {
    return UnpaddedMetadata.of(super.clone());
  }

  override toHttp2Headers() {
    const headers = super.toHttp2Headers();
    for (const [key, value] of Object.entries(headers)) {
      if (!key.endsWith("-bin")) continue;
      headers[key] = Array.isArray(value) ? value.map(unpadded) : unpadded(String(value));
    }
    return headers;
  }
}

function unpadded(base64: string): string {
  return base64.replace(/=+$/, "");
}
