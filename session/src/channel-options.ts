import type { ChannelOptions } from "@grpc/grpc-js";

/** Room for the envelope around the largest request or result. */
const ENVELOPE_BYTES = 64 * 1024;
const WINDOW_BYTES = 4 * 1024 * 1024;

/** For the one connection of a session. */
export function sessionChannelOptions(maxMessageBytes: number): ChannelOptions {
  return {
    "grpc-node.flow_control_window": WINDOW_BYTES,
    // A retry buffer would keep every message of the endless stream.
    "grpc.enable_retries": 0,
    "grpc.max_send_message_length": maxMessageBytes + ENVELOPE_BYTES,
    "grpc.max_receive_message_length": maxMessageBytes + ENVELOPE_BYTES,
    "grpc.use_local_subchannel_pool": 1,
    "grpc.service_config_disable_resolution": 1,
    // A peer that is there but silent is found within 40 s.
    "grpc.keepalive_time_ms": 20_000,
    "grpc.keepalive_timeout_ms": 20_000,
  };
}
