import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { Channel, ChannelCredentials } from "@grpc/grpc-js";
import { descriptorSet } from "@podule/proto/descriptors";
import {
  type ServerReflectionRequest,
  ServerReflectionDefinition as V1,
} from "@podule/proto/grpc/reflection/v1/reflection.ts";
import { ServerReflectionDefinition as V1Alpha } from "@podule/proto/grpc/reflection/v1alpha/reflection.ts";
import { createClient } from "nice-grpc";
import { describe, expect, onTestFinished, test } from "vitest";
import { createReflection, createServer, reasonOf, Status, toStatus } from "../index.ts";

type Asked = NonNullable<ServerReflectionRequest["messageRequest"]>;

async function start(definition: typeof V1 | typeof V1Alpha = V1, listed?: (service: string) => boolean) {
  const server = createServer();
  onTestFinished(() => server.close());
  const reflection = createReflection(descriptorSet, listed === undefined ? {} : { listed });
  reflection.addTo(server);
  const channel = new Channel(await server.listen("127.0.0.1:0"), ChannelCredentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
  });
  onTestFinished(() => channel.close());
  const client = createClient(definition, channel);
  /** All of one stream. */
  const ask = async (...asked: (Asked | undefined)[]) => {
    async function* requests() {
      for (const messageRequest of asked) yield { host: "here", messageRequest };
    }
    const answers = [];
    for await (const { messageResponse } of client.serverReflectionInfo(requests()))
      answers.push(messageResponse);
    return answers;
  };
  const files = async (...asked: Asked[]): Promise<FileDescriptorProto[][]> =>
    (await ask(...asked)).map((answer) =>
      answer?.$case === "fileDescriptorResponse"
        ? answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes))
        : expect.unreachable(JSON.stringify(answer)),
    );
  const services = async () => {
    const [answer] = await ask({ $case: "listServices", value: "" });
    return answer?.$case === "listServicesResponse" ? answer.value.service.map(({ name }) => name) : [];
  };
  return { reflection, ask, files, services };
}

function set(...files: Parameters<typeof create<typeof FileDescriptorProtoSchema>>[1][]): Uint8Array {
  const file = files.map((init) => create(FileDescriptorProtoSchema, init));
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
}

const ACME = {
  name: "acme/model.proto",
  package: "acme",
  syntax: "proto2",
  messageType: [
    {
      name: "Model",
      field: [{ name: "size", number: 1 }],
      extensionRange: [{ start: 100, end: 200 }],
      nestedType: [{ name: "Part" }],
      oneofDecl: [{ name: "kind" }],
    },
  ],
  enumType: [{ name: "Color", value: [{ name: "RED", number: 0 }] }],
  extension: [
    { name: "weight", number: 101, extendee: ".acme.Model" },
    { name: "height", number: 100, extendee: ".acme.Model" },
  ],
  service: [{ name: "Models", method: [{ name: "Run" }] }],
};

describe.each([
  ["v1", V1],
  ["v1alpha", V1Alpha],
] as const)("%s", (_name, definition) => {
  test("lists services in order and describes them with their comments and imports", async () => {
    const { files, services } = await start(definition);
    const names = await services();
    expect(names).toEqual([...names].sort());
    expect(names).toContain("podule.v1.Calls");
    expect(names).toContain("grpc.health.v1.Health");
    const [described = []] = await files({ $case: "fileContainingSymbol", value: "podule.v1.Calls.Call" });
    expect(described[0]?.name).toBe("podule/v1/calls.proto");
    const comments = described[0]?.sourceCodeInfo?.location.map(({ leadingComments }) => leadingComments);
    expect(comments?.some((comment) => comment.includes("At most once"))).toBe(true);
    const sent = new Set(described.map(({ name }) => name));
    for (const file of described) for (const imported of file.dependency) expect(sent).toContain(imported);
  });
});

test("sends a file's imports once a stream, and the file itself whenever asked", async () => {
  const { files } = await start();
  const calls = { $case: "fileByFilename", value: "podule/v1/calls.proto" } as const;
  const status = { $case: "fileByFilename", value: "google/rpc/status.proto" } as const;
  const [first = [], second = [], third = []] = await files(calls, calls, status);
  expect(first.length).toBeGreaterThan(2);
  expect(second.map(({ name }) => name)).toEqual(["podule/v1/calls.proto"]);
  expect(third.map(({ name }) => name)).toEqual(["google/rpc/status.proto"]);
});

test("answers what is unknown with an error and goes on", async () => {
  const { ask } = await start();
  const answers = await ask(
    { $case: "fileByFilename", value: "no.proto" },
    { $case: "fileContainingSymbol", value: "__proto__" },
    { $case: "fileContainingExtension", value: { containingType: "acme.Model", extensionNumber: 1 } },
    { $case: "allExtensionNumbersOfType", value: "acme.Model" },
    undefined,
    { $case: "fileContainingSymbol", value: "podule.v1.Value" },
  );
  const codes = answers.map((a) => (a?.$case === "errorResponse" ? a.value.errorCode : a?.$case));
  const { NOT_FOUND, INVALID_ARGUMENT } = Status;
  expect(codes).toEqual([
    NOT_FOUND,
    NOT_FOUND,
    NOT_FOUND,
    NOT_FOUND,
    INVALID_ARGUMENT,
    "fileDescriptorResponse",
  ]);
});

test("knows files that come and go while it runs", async () => {
  const { reflection, ask, files, services } = await start();
  reflection.addFiles(set(ACME));
  expect(await services()).toContain("acme.Models");
  const names = [
    "Model",
    "Model.size",
    "Model.Part",
    "Model.kind",
    "Color",
    "RED",
    "weight",
    "Models",
    "Models.Run",
  ];
  for (const name of names) {
    const [[file] = []] = await files({ $case: "fileContainingSymbol", value: `acme.${name}` });
    expect(file?.name, name).toBe("acme/model.proto");
  }
  const extension = { containingType: "acme.Model", extensionNumber: 101 };
  expect((await files({ $case: "fileContainingExtension", value: extension }))[0]).toHaveLength(1);
  expect(await ask({ $case: "allExtensionNumbersOfType", value: "acme.Model" })).toMatchObject([
    { $case: "allExtensionNumbersResponse", value: { extensionNumber: [100, 101] } },
  ]);
  reflection.removeFiles(["acme/model.proto", "not/there.proto"]);
  expect(await services()).not.toContain("acme.Models");
  expect(await ask({ $case: "fileContainingSymbol", value: "acme.Model" })).toMatchObject([
    { $case: "errorResponse" },
  ]);
});

test("a file of two sets stays until both are gone; the files of others' compilers are no conflict", async () => {
  const { reflection, services } = await start();
  const anyFile = { name: "google/protobuf/any.proto", package: "google.protobuf" };
  reflection.addFiles(set(ACME, anyFile));
  reflection.addFiles(set(ACME));
  reflection.removeFiles(["acme/model.proto", "google/protobuf/any.proto"]);
  expect(await services()).toContain("acme.Models");
  reflection.removeFiles(["acme/model.proto"]);
  expect(await services()).not.toContain("acme.Models");
});

test("refuses sets that conflict or cannot be read, whole", async () => {
  const { reflection, services } = await start();
  const reasonFor = (bytes: Uint8Array) => {
    try {
      reflection.addFiles(bytes);
    } catch (error) {
      return reasonOf(toStatus(error));
    }
    return undefined;
  };
  const taken = { name: "acme/other.proto", package: "podule.v1", messageType: [{ name: "Value" }] };
  expect(reasonFor(set(ACME, taken))).toBe("DESCRIPTOR_CONFLICT");
  expect(reasonFor(set({ name: "podule/v1/calls.proto" }))).toBe("DESCRIPTOR_CONFLICT");
  expect(reasonFor(set(ACME, { ...ACME, name: "acme/again.proto" }))).toBe("DESCRIPTOR_CONFLICT");
  expect(reasonFor(Buffer.from([0xff, 0xff]))).toBe("MALFORMED_DESCRIPTORS");
  expect(await services()).not.toContain("acme.Models");
});

test("lists only what is served, if told", async () => {
  const { services } = await start(V1, (service) => service.startsWith("grpc."));
  expect((await services()).every((service) => service.startsWith("grpc."))).toBe(true);
});
