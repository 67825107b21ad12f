import type { Timestamp } from "@podule/proto/google/protobuf/timestamp.ts";
import { type LogLine, LogLine_Stream } from "@podule/proto/podule/v1/pods.ts";
import { isNotFound, KubernetesApiError, kubernetesFailure } from "../../kubernetes/api-error.ts";
import { createBackoff } from "../../kubernetes/backoff.ts";
import type { KubernetesClient } from "../../kubernetes/client.ts";
import { pause } from "../../kubernetes/pause.ts";
import { LineSplitter } from "../local/line-splitter.ts";
import { timestampOf } from "../timestamp.ts";
import { MODULE_CONTAINER } from "./names.ts";

const MOST_LINES = 100_000;
const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?Z (.*)$/s;

export interface PodLogsOptions {
  readonly client: Pick<KubernetesClient, "stream">;
  /** Of the Pod. */
  readonly path: string;
  readonly follow: boolean;
  /** 0: all. */
  readonly tailLines: number;
  readonly signal: AbortSignal;
  /** Nothing more will be printed. */
  readonly isEnded: () => boolean;
}

/** What the module's container printed, by the API server; taken up again, after the last line, when the connection breaks. */
export async function* podLogs(options: PodLogsOptions): AsyncGenerator<LogLine> {
  const { client, path, follow, tailLines, signal, isEnded } = options;
  const backoff = createBackoff({ firstMs: 100, lastMs: 2000 });
  let last = "";
  while (!signal.aborted) {
    const ended = isEnded();
    try {
      const query = {
        container: MODULE_CONTAINER,
        timestamps: true,
        follow,
        ...(last === ""
          ? { tailLines: tailLines > 0 ? tailLines : MOST_LINES }
          : { sinceTime: `${last.slice(0, 19)}Z` }),
      };
      const answer = await client.stream(`${path}/log`, { query, signal });
      const lines: Buffer[] = [];
      const splitter = new LineSplitter((line) => lines.push(line));
      const take = function* (): Generator<LogLine> {
        for (const line of lines.splice(0)) {
          const { stamp, text } = parse(line.toString("utf8"));
          if (stamp !== "" && stamp <= last) continue;
          if (stamp !== "") last = stamp;
          yield { time: timeOf(stamp || last), stream: LogLine_Stream.STREAM_UNSPECIFIED, text };
        }
      };
      for await (const bytes of answer) {
        splitter.push(Buffer.isBuffer(bytes) ? bytes : Buffer.from(String(bytes)));
        yield* take();
        backoff.reset();
      }
      splitter.end();
      yield* take();
      if (!follow || ended) return;
    } catch (error) {
      if (signal.aborted) return;
      const gone = isNotFound(error) || ended;
      // 400: its container has not started yet.
      const waits =
        follow && (!(error instanceof KubernetesApiError) || error.code === 400 || error.code >= 500);
      if (gone && last !== "") return;
      if (error instanceof KubernetesApiError && error.code === 400 && !follow) return;
      if (gone || !waits) throw kubernetesFailure("The pod's log cannot be read", error);
    }
    await pause(backoff.next(), signal);
  }
}

/** "2026-11-25T00:44:10.123456789Z text" in two; a line without a time goes on with the one before. */
function parse(line: string): { readonly stamp: string; readonly text: string } {
  const [, seconds, fraction = "", text = ""] = STAMP.exec(line) ?? [];
  if (seconds === undefined) return { stamp: "", text: line };
  return { stamp: `${seconds}${(fraction || ".").padEnd(10, "0")}`, text };
}

function timeOf(stamp: string): Timestamp {
  const ms = Date.parse(`${stamp.slice(0, 19)}Z`);
  if (Number.isNaN(ms)) return timestampOf(Date.now());
  return { seconds: BigInt(ms / 1000), nanos: Number(stamp.slice(20)) };
}
