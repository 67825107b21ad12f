import type {
  DescriptorProto,
  EnumDescriptorProto,
  FieldDescriptorProto,
  FileDescriptorProto,
} from "@bufbuild/protobuf/wkt";

/** What a file declares, by full name. */
export interface FileIndex {
  readonly services: readonly string[];
  /** Every name that can be asked for: messages, fields, oneofs, enums and their values, extensions, services, methods. */
  readonly symbols: readonly string[];
  readonly extensions: readonly { readonly type: string; readonly number: number }[];
}

export function indexFile(file: FileDescriptorProto): FileIndex {
  const symbols: string[] = [];
  const services: string[] = [];
  const extensions: { type: string; number: number }[] = [];
  const within = (scope: string, name: string) => (scope === "" ? name : `${scope}.${name}`);

  const addExtension = (scope: string, field: FieldDescriptorProto) => {
    symbols.push(within(scope, field.name));
    extensions.push({ type: field.extendee.replace(/^\./, ""), number: field.number });
  };
  const addEnum = (scope: string, declared: EnumDescriptorProto) => {
    symbols.push(within(scope, declared.name));
    // As in C++, a value's name is in the scope around its enum.
    for (const value of declared.value) symbols.push(within(scope, value.name));
  };
  const addMessage = (scope: string, message: DescriptorProto) => {
    const name = within(scope, message.name);
    symbols.push(name);
    for (const field of message.field) symbols.push(within(name, field.name));
    for (const oneof of message.oneofDecl) symbols.push(within(name, oneof.name));
    for (const nested of message.enumType) addEnum(name, nested);
    for (const field of message.extension) addExtension(name, field);
    for (const nested of message.nestedType) addMessage(name, nested);
  };

  for (const message of file.messageType) addMessage(file.package, message);
  for (const declared of file.enumType) addEnum(file.package, declared);
  for (const field of file.extension) addExtension(file.package, field);
  for (const service of file.service) {
    const name = within(file.package, service.name);
    services.push(name);
    symbols.push(name, ...service.method.map((method) => `${name}.${method.name}`));
  }
  return { services, symbols, extensions };
}
