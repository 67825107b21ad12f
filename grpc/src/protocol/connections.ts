import { EventEmitter } from "node:events";
import { Socket } from "node:net";
import type { Server } from "@grpc/grpc-js";
import { internal } from "./internals.ts";
import { widenConnectionWindow } from "./windows.ts";

/** The connections of a server, also those that are not HTTP/2 sessions yet, or any more. */
export interface Connections {
  /** After each bind. */
  watch(): void;
  /** Ends those that never sent a byte: Node's graceful end of a session waits for the peer, and they may never move. */
  endSilent(): void;
  endAll(): void;
}

export function trackConnections(server: Server): Connections {
  const listeners = new WeakSet<EventEmitter>();
  const sockets = new Set<Socket>();
  const onConnection = (socket: unknown) => {
    if (!(socket instanceof Socket)) return;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  };
  return {
    watch() {
      const http2Servers = internal(server, "http2Servers");
      if (!(http2Servers instanceof Map)) throw new Error('"http2Servers" of @grpc/grpc-js is not a map');
      for (const listener of http2Servers.keys()) {
        if (!(listener instanceof EventEmitter) || listeners.has(listener)) continue;
        listeners.add(listener);
        listener.on("connection", onConnection);
        listener.on("session", widenConnectionWindow);
      }
    },
    endSilent() {
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    },
    endAll() {
      for (const socket of sockets) socket.destroy();
    },
  };
}
