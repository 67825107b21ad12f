import { type ChannelCredentials, Client, credentials } from "@grpc/grpc-js";
import { type Pod, Pod_State } from "@podule/proto/podule/v1/pods.ts";
import { GetTraceRequest, Trace } from "@podule/proto/podule/v1/traces.ts";
import type { Span } from "@podule/telemetry";

const MOST_PODS = 64;
const PATIENCE_MS = 2000;
const PATH = "/podule.v1.Traces/GetTrace";

export interface TracesOfPodsOptions {
  readonly listPods: () => readonly Pod[];
  readonly credentials: (() => ChannelCredentials) | undefined;
}

/** Asks the pods that the spans name, or all where there are none. A pod that does not answer is passed over. */
export function createTracesOfPods({ listPods, credentials: ofPods }: TracesOfPodsOptions) {
  return async (id: string, spans: readonly Span[]): Promise<readonly Trace[]> => {
    const named = new Set(spans.flatMap(({ attributes }) => attributes["podule.pod"] ?? []));
    const running = listPods().filter(
      ({ state }) => state === Pod_State.READY || state === Pod_State.DRAINING,
    );
    const asked = named.size > 0 ? running.filter(({ name }) => named.has(name)) : running;
    const answers = await Promise.all(
      asked.slice(0, MOST_PODS).map(({ address }) => ask(address, id, ofPods?.())),
    );
    return answers.filter((trace) => trace !== undefined);
  };
}

/** Undefined: it has ended, is busy, or knows nothing of it. */
function ask(address: string, id: string, given: ChannelCredentials | undefined): Promise<Trace | undefined> {
  const client = new Client(address, given ?? credentials.createInsecure());
  return new Promise<Trace | undefined>((resolve) => {
    client.makeUnaryRequest(
      PATH,
      (request: GetTraceRequest) => Buffer.from(GetTraceRequest.encode(request).finish()),
      (bytes) => Trace.decode(bytes),
      { id },
      { deadline: Date.now() + PATIENCE_MS },
      (_error, trace) => resolve(trace),
    );
  }).finally(() => client.close());
}
