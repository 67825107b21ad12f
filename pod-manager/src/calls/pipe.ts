import type { EventEmitter } from "node:events";

const MOST_UNWRITTEN_BYTES = 1024 * 1024;

export interface Source extends EventEmitter {
  pause(): unknown;
  resume(): unknown;
}

export interface Sink {
  write(message: Buffer, written: () => void): unknown;
}

/**
 * Every message of the source to the sink, as fast as the sink takes them: about 1 MiB ahead, however many messages that is.
 * `ended`: the source has ended, and the sink has taken everything.
 */
export function pipeMessages(source: Source, sink: Sink, ended: () => void): void {
  let messages = 0;
  let bytes = 0;
  let isEnded = false;
  let isPaused = false;
  source.on("data", (message: Buffer) => {
    messages += 1;
    bytes += message.length;
    sink.write(message, () => {
      messages -= 1;
      bytes -= message.length;
      if (isPaused && bytes <= MOST_UNWRITTEN_BYTES / 2) {
        isPaused = false;
        source.resume();
      }
      if (isEnded && messages === 0) ended();
    });
    if (bytes <= MOST_UNWRITTEN_BYTES) return;
    isPaused = true;
    source.pause();
  });
  const end = (): void => {
    if (isEnded) return;
    isEnded = true;
    if (messages === 0) ended();
  };
  source.on("end", end);
  // One that breaks does not end.
  source.on("close", end);
  source.resume();
}
