import { type Client, connectivityState } from "@grpc/grpc-js";

/** Dials. `done` says whether the peer is there; nothing has been sent to it so far. */
export function whenConnected(client: Client, done: (connected: boolean) => void): void {
  const channel = client.getChannel();
  const look = (): void => {
    const state = channel.getConnectivityState(true);
    if (state === connectivityState.READY) done(true);
    else if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN)
      done(false);
    else channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, look);
  };
  look();
}
