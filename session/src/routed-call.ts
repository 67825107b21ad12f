import { WireReader } from "./wire.ts";

/** What the hops need to know of a CallRequest. */
export interface RoutedCall {
  /** "": none is named. */
  readonly module: string;
  /** A session's token; "" for none. */
  readonly session: string;
  /** CallRequest.ResultMode. */
  readonly resultMode: number;
}

const MODULE = 0x0a;
const RESULT_MODE = 0x38;
const SESSION = 0x42;

/** Reads over a CallRequest without looking into its arguments. Throws a StatusError where the bytes are malformed. */
export function routedCall(request: Buffer): RoutedCall {
  const reader = new WireReader(request);
  let module = "";
  let session = "";
  let resultMode = 0;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === MODULE) module = module === "" ? reader.string() : skipped(reader, tag, module);
    else if (tag === RESULT_MODE) resultMode = reader.uint32();
    else if (tag === SESSION) session = reader.string();
    else reader.skip(tag);
  }
  return { module, session, resultMode };
}

/** Where `module` is repeated, the first counts on every hop. */
function skipped(reader: WireReader, tag: number, module: string): string {
  reader.skip(tag);
  return module;
}
