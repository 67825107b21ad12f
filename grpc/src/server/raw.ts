import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  sendUnaryData,
} from "@grpc/grpc-js";
import type { HandleCall } from "@grpc/grpc-js/build/src/server-call.js";
import { limitReadAhead } from "../protocol/read-ahead.ts";
import { toServiceError } from "../service-error.ts";

export interface RawHandlers {
  unary: handleUnaryCall<Buffer, Buffer>;
  serverStream: handleServerStreamingCall<Buffer, Buffer>;
  clientStream: handleClientStreamingCall<Buffer, Buffer>;
  bidi: handleBidiStreamingCall<Buffer, Buffer>;
}

export type RawKind = keyof RawHandlers;
export type RawHandler = RawHandlers[RawKind];

/** A raw handler whose synchronous errors are answered like all others. */
export function rawHandler(kind: RawKind, handler: RawHandler): HandleCall<Buffer, Buffer> {
  switch (kind) {
    case "unary": {
      const unary: RawHandlers["unary"] = (call, callback) => guardSingle(handler, call, callback);
      return unary;
    }
    case "clientStream": {
      const clientStream: RawHandlers["clientStream"] = (call, callback) => {
        limitReadAhead(call);
        guardSingle(handler, call, callback);
      };
      return clientStream;
    }
    case "serverStream": {
      const serverStream: RawHandlers["serverStream"] = (call) => guardStream(handler, call);
      return serverStream;
    }
    case "bidi": {
      const bidi: RawHandlers["bidi"] = (call) => {
        limitReadAhead(call);
        guardStream(handler, call);
      };
      return bidi;
    }
  }
}

function guardSingle(handler: RawHandler, call: object, callback: sendUnaryData<Buffer>): void {
  try {
    Reflect.apply(handler, undefined, [call, callback]);
  } catch (error) {
    callback(toServiceError(error));
  }
}

function guardStream(handler: RawHandler, call: NodeJS.EventEmitter): void {
  try {
    Reflect.apply(handler, undefined, [call]);
  } catch (error) {
    call.emit("error", toServiceError(error));
  }
}
