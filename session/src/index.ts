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
