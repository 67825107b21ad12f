const MIB = 1024 * 1024;

/** What Envoy holds of a stream whose receiver does not read, and of a connection. */
export const WINDOWS = {
  initial_stream_window_size: 4 * MIB,
  initial_connection_window_size: 16 * MIB,
};

export const BUFFER_BYTES = MIB;
