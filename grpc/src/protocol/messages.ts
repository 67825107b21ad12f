import type { Server } from "@grpc/grpc-js";
import { Status } from "nice-grpc-common";
import { internal, internalMethod, onEachCall } from "./internals.ts";

const COMPRESSED = 1;
/** Between messages: StreamDecoder's ReadState.NO_DATA. */
const NO_DATA = 0;

/** Refuses a message marked as compressed where no encoding was named, and a request that ends within a message: grpc-js takes both. */
export function checkMessages(server: Server): void {
  onEachCall(server, (call) => Object.assign(call, { decompressMessage, handleEndEvent }));
}

function decompressMessage(this: object, message: Buffer, encoding: string): unknown {
  if (message[0] === COMPRESSED && encoding === "identity") {
    throw Object.assign(
      new Error("A message is marked as compressed, but the request names no grpc-encoding"),
      {
        code: Status.INTERNAL,
        details: "A message is marked as compressed, but the request names no grpc-encoding",
      },
    );
  }
  return internalMethod(Object.getPrototypeOf(this), "decompressMessage")(this, message, encoding);
}

function handleEndEvent(this: object): void {
  if (Reflect.get(internal(this, "decoder"), "readState") !== NO_DATA) {
    const details = "The request ended in the middle of a message";
    internalMethod(this, "sendStatus")(this, { code: Status.INTERNAL, details, metadata: null });
    return;
  }
  internalMethod(Object.getPrototypeOf(this), "handleEndEvent")(this);
}
