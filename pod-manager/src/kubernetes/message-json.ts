import {
  createFileRegistry,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { descriptorSet } from "@podule/proto/descriptors";
import { ModuleSpec, ModuleStatus } from "@podule/proto/podule/v1/modules.ts";

/** The generated messages do not write protobuf's JSON for durations, timestamps and Any; descriptors do. */
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet));
const SPEC = messageOf("podule.v1.ModuleSpec");
const STATUS = messageOf("podule.v1.ModuleStatus");

/** As protobuf JSON: lowerCamelCase, durations as "1.5s", nothing that has its default. */
export function specToJson(spec: ModuleSpec): JsonValue {
  return toJson(SPEC, fromBinary(SPEC, ModuleSpec.encode(spec).finish()), { registry });
}

/** Throws for what is no spec; fields that are not known are left out. */
export function specFromJson(json: JsonValue): ModuleSpec {
  return ModuleSpec.decode(toBinary(SPEC, fromJson(SPEC, json, { registry, ignoreUnknownFields: true })));
}

export function statusToJson(status: ModuleStatus): JsonValue {
  return toJson(STATUS, fromBinary(STATUS, ModuleStatus.encode(status).finish()), { registry });
}

/** Undefined for what is no status: it is made anew. */
export function statusFromJson(json: JsonValue): ModuleStatus | undefined {
  try {
    const message = fromJson(STATUS, json, { registry, ignoreUnknownFields: true });
    return ModuleStatus.decode(toBinary(STATUS, message));
  } catch {
    return undefined;
  }
}

/** The fields of a message of the API, as JSON names them. */
export function jsonFieldsOf(typeName: string): readonly string[] {
  return messageOf(typeName).fields.map(({ jsonName }) => jsonName);
}

function messageOf(typeName: string): DescMessage {
  const message = registry.getMessage(typeName);
  if (message === undefined) throw new Error(`${typeName} is not among the descriptors`);
  return message;
}
