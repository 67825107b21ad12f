import { readFileSync } from "node:fs";

/**
 * An encoded google.protobuf.FileDescriptorSet of all files of this folder and what they import, with their comments: podule.v1, grpc.health.v1,
 * grpc.reflection and google.rpc. Made by `npm run generate`.
 */
export const descriptorSetFile: URL = new URL("./gen/descriptors.binpb", import.meta.url);

export const descriptorSet: Uint8Array = readFileSync(descriptorSetFile);
