import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { Status } from "nice-grpc-common";
import { statusError } from "../errors.ts";
import { type FileIndex, indexFile } from "./index-file.ts";

interface Entry extends FileIndex {
  readonly name: string;
  readonly dependencies: readonly string[];
  readonly bytes: Buffer;
  uses: number;
}

/** Descriptor files that come and go. A file in several sets stays until it was removed as often as it was added. */
export interface Registry {
  /** All files of an encoded google.protobuf.FileDescriptorSet, or, where one conflicts with what is there, none. */
  add(descriptorSet: Uint8Array): void;
  remove(names: Iterable<string>): void;
  /** Sorted by name. */
  services(): string[];
  byName(name: string): string | undefined;
  bySymbol(symbol: string): string | undefined;
  byExtension(type: string, number: number): string | undefined;
  /** Sorted; undefined where the type is not known. */
  extensionNumbers(type: string): number[] | undefined;
  /** The file's bytes and those of what it imports, itself first, without those whose names are in `sent`; adds to `sent`. */
  withDependencies(name: string, sent: Set<string>): Buffer[];
}

export function createRegistry(): Registry {
  const files = new Map<string, Entry>();
  const symbols = new Map<string, string>();
  const extensions = new Map<string, Map<number, string>>();

  function insert(entry: Entry): void {
    files.set(entry.name, entry);
    for (const symbol of entry.symbols) symbols.set(symbol, entry.name);
    for (const { type, number } of entry.extensions) {
      const numbers = extensions.get(type) ?? new Map<number, string>();
      extensions.set(type, numbers.set(number, entry.name));
    }
  }

  function erase(entry: Entry): void {
    files.delete(entry.name);
    for (const symbol of entry.symbols) symbols.delete(symbol);
    for (const { type, number } of entry.extensions) {
      const numbers = extensions.get(type);
      numbers?.delete(number);
      if (numbers?.size === 0) extensions.delete(type);
    }
  }

  function requireNoConflict(entry: Entry, added: ReadonlyMap<string, string>): void {
    const present = files.get(entry.name);
    if (present !== undefined) {
      // Every compiler brings its own copy of these, with or without comments.
      if (entry.name.startsWith("google/") || present.bytes.equals(entry.bytes)) return;
      throw conflict(`The file ${entry.name} is already registered with other contents`);
    }
    for (const symbol of entry.symbols) {
      const owner = symbols.get(symbol) ?? added.get(symbol);
      if (owner !== undefined && owner !== entry.name) {
        throw conflict(`${symbol} of ${entry.name} is already declared by ${owner}`);
      }
    }
  }

  return {
    add(descriptorSet) {
      const entries = decodeSet(descriptorSet).map(entryOf);
      const added = new Map<string, string>();
      for (const entry of entries) {
        requireNoConflict(entry, added);
        for (const symbol of entry.symbols) added.set(symbol, entry.name);
      }
      for (const entry of entries) {
        const present = files.get(entry.name);
        if (present === undefined) insert(entry);
        else present.uses += 1;
      }
    },
    remove(names) {
      for (const name of names) {
        const entry = files.get(name);
        if (entry === undefined) continue;
        entry.uses -= 1;
        if (entry.uses === 0) erase(entry);
      }
    },
    services: () => [...files.values()].flatMap((entry) => entry.services).sort(),
    byName: (name) => files.get(name)?.name,
    bySymbol: (symbol) => symbols.get(symbol),
    byExtension: (type, number) => extensions.get(type)?.get(number),
    extensionNumbers(type) {
      const numbers = extensions.get(type);
      if (numbers !== undefined) return [...numbers.keys()].sort((a, b) => a - b);
      return symbols.has(type) ? [] : undefined;
    },
    withDependencies(name, sent) {
      const result: Buffer[] = [];
      const queue = [name];
      for (const next of queue) {
        const entry = files.get(next);
        if (entry === undefined || (sent.has(next) && result.length > 0)) continue;
        if (sent.has(next)) {
          // What was asked for is sent again, but not what it imports.
          result.push(entry.bytes);
          break;
        }
        sent.add(next);
        result.push(entry.bytes);
        queue.push(...entry.dependencies);
      }
      return result;
    },
  };
}

function decodeSet(descriptorSet: Uint8Array): FileDescriptorProto[] {
  try {
    return fromBinary(FileDescriptorSetSchema, descriptorSet).file;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw statusError(
      Status.INVALID_ARGUMENT,
      "MALFORMED_DESCRIPTORS",
      `These bytes are not a google.protobuf.FileDescriptorSet: ${why}`,
    );
  }
}

function entryOf(file: FileDescriptorProto): Entry {
  return {
    ...indexFile(file),
    name: file.name,
    dependencies: file.dependency,
    bytes: Buffer.from(toBinary(FileDescriptorProtoSchema, file)),
    uses: 1,
  };
}

function conflict(message: string) {
  return statusError(Status.ALREADY_EXISTS, "DESCRIPTOR_CONFLICT", message);
}
