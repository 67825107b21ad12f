import { WireReader } from "./wire.ts";

/**
 * The `module` of a CallRequest, without looking at what else is in it; "" for none. Throws a StatusError where the
 * bytes are malformed. Where the field is repeated, the first counts on every hop.
 */
export function routedModule(request: Buffer): string {
  const reader = new WireReader(request);
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x0a) return reader.string();
    reader.skip(tag);
  }
  return "";
}
