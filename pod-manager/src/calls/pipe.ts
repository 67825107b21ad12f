import type { EventEmitter } from "node:events";

export interface Source extends EventEmitter {
  pause(): unknown;
  resume(): unknown;
}

export interface Sink extends EventEmitter {
  write(chunk: Buffer): boolean;
}

/** Every message of the source to the sink, as fast as the sink takes them. Ends neither. */
export function pipeMessages(source: Source, sink: Sink): void {
  source.on("data", (message: Buffer) => {
    if (!sink.write(message)) source.pause();
  });
  sink.on("drain", () => source.resume());
  source.resume();
}
