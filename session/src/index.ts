export { sessionChannelOptions } from "./channel-options.ts";
export type {
  CallbackResultFrame,
  CallFrame,
  CancelFrame,
  ChunkFrame,
  ClientFrame,
  CloseFrame,
  CreditFrame,
  OpenFrame,
  ReleaseFrame,
} from "./client-frames.ts";
export {
  clientFrameSize,
  decodeClientFrames,
  encodeClientFrames,
  writeClientFrame,
} from "./client-frames.ts";
export { connectSession } from "./connect-session.ts";
export { FrameLog, WINDOW_BYTES } from "./frame-log.ts";
export type { UnknownFrame } from "./frame-message.ts";
export { type FrameCodec, FrameWriter, type MessageStream } from "./frame-writer.ts";
export { asFirst, functionOf, type RoutedCall, routedCall } from "./routed-call.ts";
export { routedModule } from "./routed-module.ts";
export type {
  BodyFrame,
  CallbackFrame,
  DrainingFrame,
  EndFrame,
  OpenedFrame,
  ServerFrame,
} from "./server-frames.ts";
export {
  decodeServerFrames,
  encodeServerFrames,
  serverFrameSize,
  writeServerFrame,
} from "./server-frames.ts";
export type {
  Call,
  CallOptions,
  ConnectOptions,
  Done,
  SessionClient,
  StreamCall,
  StreamOptions,
  StreamSink,
} from "./session-client.ts";
export { decodeStatus, statusOfError } from "./status-of-error.ts";
export { malformed } from "./wire.ts";
