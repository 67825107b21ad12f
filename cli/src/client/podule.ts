// The client package as it is in this repository, without a build.
export * from "../../../clients/typescript/src/index.ts";
export { default } from "../../../clients/typescript/src/index.ts";
export { expressionOf, stateOf } from "../../../clients/typescript/src/remote/expression.ts";
export { type ChannelOptions, parseUrl } from "../../../clients/typescript/src/session/channel.ts";
export { OPERATION } from "../../../clients/typescript/src/session/request.ts";
export { errorOfGrpc, errorOfStatus } from "../../../clients/typescript/src/status.ts";
export { Decoder, NO_OBJECTS } from "../../../clients/typescript/src/values/decode.ts";
