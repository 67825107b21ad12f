import type { Readable } from "node:stream";
import { type LogLine, LogLine_Stream } from "@podule/proto/podule/v1/pods.ts";
import { timestampOf } from "../timestamp.ts";
import { LineSplitter } from "./line-splitter.ts";
import { LogRing } from "./log-ring.ts";

const KEPT_BYTES = 1024 * 1024;

/** What a pod printed: the last 1 MiB, and those who wait for more. The pod never waits for a reader. */
export class PodLog {
  readonly #ring = new LogRing(KEPT_BYTES);
  readonly #waiting = new Set<() => void>();
  #ended = false;

  /** Takes all that the stream gives, until it ends. Returns the way to stop that: what comes then stays in the stream. */
  attach(source: Readable, stream: 1 | 2): () => void {
    let now = 0;
    const splitter = new LineSplitter((line) => this.#ring.append(now, stream, line));
    const onData = (chunk: Buffer) => {
      now = Date.now();
      splitter.push(chunk);
      this.#wake();
    };
    const onEnd = () => {
      now = Date.now();
      splitter.end();
      this.#wake();
    };
    // A pipe that breaks ends as one that ends: 'close' of the process follows.
    const onError = () => {};
    source.on("data", onData).on("end", onEnd).on("error", onError);
    source.resume();
    return () => {
      source.pause();
      source.off("data", onData).off("end", onEnd).off("error", onError);
      onEnd();
    };
  }

  /** No more lines will come. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *lines(options: {
    follow: boolean;
    tailLines: number;
    signal: AbortSignal;
  }): AsyncGenerator<LogLine> {
    let cursor = this.#ring.tail(options.tailLines > 0 ? options.tailLines : Number.POSITIVE_INFINITY);
    while (!options.signal.aborted) {
      const step = this.#ring.read(cursor);
      if (step === undefined) {
        if (!options.follow || this.#ended) return;
        await this.#more(options.signal);
        continue;
      }
      cursor = step.next;
      if (step.lost > 0) yield lostLines(step.lost, step.record.timeMs);
      yield {
        time: timestampOf(step.record.timeMs),
        stream: step.record.stream === 1 ? LogLine_Stream.STDOUT : LogLine_Stream.STDERR,
        text: step.record.bytes.toString("utf8"),
      };
    }
  }

  /** The end of what went to stderr, at most so many lines, for an error's details. */
  lastErrors(lines: number): string {
    const kept: string[] = [];
    let cursor = this.#ring.tail(lines * 10);
    for (let step = this.#ring.read(cursor); step !== undefined; step = this.#ring.read(cursor)) {
      cursor = step.next;
      if (step.record.stream === 2) kept.push(step.record.bytes.toString("utf8", 0, 1024));
    }
    return kept.slice(-lines).join("\n");
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  #more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener("abort", done);
        this.#waiting.delete(done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener("abort", done);
    });
  }
}

/** What a reader is told who was slower than the pod for more than what is kept. */
function lostLines(lines: number, timeMs: number): LogLine {
  return {
    time: timestampOf(timeMs),
    stream: LogLine_Stream.STREAM_UNSPECIFIED,
    text: `[${lines} lines were lost: the pod prints faster than they are read]`,
  };
}
