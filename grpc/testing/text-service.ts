import { Channel, ChannelCredentials } from "@grpc/grpc-js";
import { createClient } from "nice-grpc";
import { onTestFinished } from "vitest";
import { createServer, type Server, type ServerOptions, type ServiceImplementation } from "../src/index.ts";

export interface Text {
  text: string;
}

/** Messages that are plain text: what is tested is the server, not a codec. "\0" cannot be read. */
const text = {
  encode: ({ text: written }: Text) => ({ finish: () => Buffer.from(written) }),
  decode(bytes: Uint8Array): Text {
    const read = Buffer.from(bytes).toString();
    if (read === "\0") throw new Error("not a text");
    return { text: read };
  },
  fromPartial: (message: Text) => message,
};

function method<Q extends boolean, S extends boolean>(name: string, requestStream: Q, responseStream: S) {
  return { name, requestType: text, requestStream, responseType: text, responseStream, options: {} };
}

export const TextDefinition = {
  name: "Text",
  fullName: "test.v1.Text",
  methods: {
    one: method("One", false, false),
    many: method("Many", false, true),
    join: method("Join", true, false),
    each: method("Each", true, true),
  },
} as const;

export type TextService = ServiceImplementation<typeof TextDefinition>;

/** Answers with what it is asked; a test replaces what it needs otherwise. */
export const echo: TextService = {
  async one(request) {
    return request;
  },
  async *many(request) {
    for (const character of request.text) yield { text: character };
  },
  async join(requests) {
    let joined = "";
    for await (const request of requests) joined += request.text;
    return { text: joined };
  },
  async *each(requests) {
    yield* requests;
  },
};

export interface Running {
  readonly server: Server;
  readonly address: string;
}

/** A server with the service, that ends with the test. */
export async function serveText(
  service: Partial<TextService> = {},
  options: ServerOptions & { address?: string } = {},
): Promise<Running> {
  const server = createServer(options);
  onTestFinished(() => server.close());
  server.add(TextDefinition, { ...echo, ...service });
  return { server, address: await server.listen(options.address ?? "127.0.0.1:0") };
}

export function connectText(address: string, credentials = ChannelCredentials.createInsecure()) {
  const channel = new Channel(address, credentials, {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  });
  onTestFinished(() => channel.close());
  return createClient(TextDefinition, channel);
}
