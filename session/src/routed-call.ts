import { WireReader } from "./wire.ts";

/** What the hops need to know of a CallRequest. */
export interface RoutedCall {
  /** "": none is named. */
  readonly module: string;
  /** A session's token; "" for none. */
  readonly session: string;
  /** CallRequest.ResultMode. */
  readonly resultMode: number;
  /** "" for none. */
  readonly requestId: string;
  readonly retry: boolean;
}

const MODULE = 0x0a;
const RESULT_MODE = 0x38;
const SESSION = 0x42;
const REQUEST_ID = 0x4a;
const RETRY = 0x50;
const FUNCTION = 0x12;
/** `retry: false`, behind a CallRequest: the last one counts. */
const NO_RETRY = Buffer.of(RETRY, 0);

/** Reads over a CallRequest without looking into its arguments. Throws a StatusError where the bytes are malformed. */
export function routedCall(request: Buffer): RoutedCall {
  const reader = new WireReader(request);
  let module = "";
  let session = "";
  let resultMode = 0;
  let requestId = "";
  let retry = false;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === MODULE) module = module === "" ? reader.string() : skipped(reader, tag, module);
    else if (tag === RESULT_MODE) resultMode = reader.uint32();
    else if (tag === SESSION) session = reader.string();
    else if (tag === REQUEST_ID) requestId = reader.string();
    else if (tag === RETRY) retry = reader.bool();
    else reader.skip(tag);
  }
  return { module, session, resultMode, requestId, retry };
}

/** What a CallRequest calls. Of a well-formed one. */
export function functionOf(request: Buffer): string {
  const reader = new WireReader(request);
  let name = "";
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === FUNCTION) name = reader.string();
    else reader.skip(tag);
  }
  return name;
}

/** The same CallRequest as if it had not been sent before. */
export function asFirst(request: Buffer): Buffer {
  return Buffer.concat([request, NO_RETRY]);
}

/** Where `module` is repeated, the first counts on every hop. */
function skipped(reader: WireReader, tag: number, module: string): string {
  reader.skip(tag);
  return module;
}
