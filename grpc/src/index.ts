export type { CallContext, ServerMiddleware, ServerMiddlewareCall } from "nice-grpc-common";
export { Metadata, Status } from "nice-grpc-common";
export * from "./errors.ts";
export type { RawHandler, RawHandlers, RawKind } from "./server/raw.ts";
export { createServer, type Server, type ServerOptions } from "./server/server.ts";
export type { CompatServiceDefinition, ServiceImplementation } from "./server/service-types.ts";
export { toServiceError } from "./service-error.ts";
