import { Metadata, type Server, type StatusObject } from "@grpc/grpc-js";
import { Status } from "nice-grpc-common";
import { rpcStatus, StatusError } from "../errors.ts";
import { toServiceError } from "../service-error.ts";
import { internalMethod, onEachCall } from "./internals.ts";
import { UnpaddedMetadata } from "./unpadded-metadata.ts";

const DETAILS_KEY = "grpc-status-details-bin";

/** The reasons of errors that grpc-js finds itself. */
const REASONS: Partial<Record<Status, string>> = {
  [Status.DEADLINE_EXCEEDED]: "DEADLINE_EXCEEDED",
  [Status.RESOURCE_EXHAUSTED]: "MESSAGE_TOO_LARGE",
  [Status.INTERNAL]: "MALFORMED_REQUEST",
  [Status.UNIMPLEMENTED]: "UNSUPPORTED_REQUEST",
};

/** Sends no message with OK, binary metadata without padding, as the protocol wants, and, with `errorInfo`, an ErrorInfo with each error. */
export function tidyStatuses(server: Server, errorInfo: boolean): void {
  const tidied = tidyStatus(errorInfo);
  function sendStatus(this: object, status: StatusObject): void {
    internalMethod(Object.getPrototypeOf(this), "sendStatus")(this, tidied(status));
  }
  onEachCall(server, (call) => Object.assign(call, { sendStatus, sendMetadata }));
}

/** A status as it is sent. */
export function tidyStatus(errorInfo: boolean): (status: StatusObject) => StatusObject {
  return errorInfo ? (status) => typed(tidy(status)) : tidy;
}

function sendMetadata(this: object, metadata: Metadata): void {
  internalMethod(Object.getPrototypeOf(this), "sendMetadata")(this, UnpaddedMetadata.of(metadata));
}

function tidy({ code, details, metadata }: StatusObject): StatusObject {
  const sent = UnpaddedMetadata.of(metadata ?? new Metadata());
  return { code, details: code === Status.OK ? "" : details.toWellFormed(), metadata: sent };
}

function typed(status: StatusObject): StatusObject {
  const reason = REASONS[status.code];
  if (reason === undefined || status.metadata.get(DETAILS_KEY).length > 0) return status;
  const cause = new StatusError(rpcStatus(status.code, reason, status.details));
  const { details, metadata } = toServiceError(cause, status.metadata);
  return { code: status.code, details, metadata: UnpaddedMetadata.of(metadata) };
}
