import { Metadata as GrpcMetadata } from "@grpc/grpc-js";
import { Metadata } from "nice-grpc-common";

export function toGrpcMetadata(metadata: Metadata): GrpcMetadata {
  const result = new GrpcMetadata();
  for (const [key, values] of metadata) {
    for (const value of values) result.add(key, typeof value === "string" ? value : Buffer.from(value));
  }
  return result;
}

export function fromGrpcMetadata(metadata: GrpcMetadata): Metadata {
  const result = Metadata();
  for (const key of Object.keys(metadata.getMap())) {
    for (const value of metadata.get(key)) result.append(key, value);
  }
  return result;
}
