import type {
  ServerReflectionRequest,
  ServerReflectionResponse,
} from "@podule/proto/grpc/reflection/v1/reflection.ts";
import { Status } from "nice-grpc-common";
import type { Registry } from "./registry.ts";

type Answer = NonNullable<ServerReflectionResponse["messageResponse"]>;

/** The answer to one request of a stream. `sent` are the files that the stream has sent before; the answer adds to it. */
export function answer(
  registry: Registry,
  listed: (service: string) => boolean,
  { messageRequest: request }: ServerReflectionRequest,
  sent: Set<string>,
): Answer {
  const file = (name: string | undefined, what: string): Answer =>
    name === undefined
      ? failure(Status.NOT_FOUND, `${what} is not known here`)
      : {
          $case: "fileDescriptorResponse",
          value: { fileDescriptorProto: registry.withDependencies(name, sent) },
        };

  switch (request?.$case) {
    case "fileByFilename":
      return file(registry.byName(request.value), `The file "${request.value}"`);
    case "fileContainingSymbol": {
      const symbol = request.value.replace(/^\./, "");
      return file(registry.bySymbol(symbol), `The symbol "${symbol}"`);
    }
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = request.value;
      const name = registry.byExtension(containingType, extensionNumber);
      return file(name, `The extension ${extensionNumber} of "${containingType}"`);
    }
    case "allExtensionNumbersOfType": {
      const extensionNumber = registry.extensionNumbers(request.value);
      if (extensionNumber === undefined) {
        return failure(Status.NOT_FOUND, `The type "${request.value}" is not known here`);
      }
      return {
        $case: "allExtensionNumbersResponse",
        value: { baseTypeName: request.value, extensionNumber },
      };
    }
    case "listServices": {
      const service = registry
        .services()
        .filter(listed)
        .map((name) => ({ name }));
      return { $case: "listServicesResponse", value: { service } };
    }
    default:
      return failure(Status.INVALID_ARGUMENT, "The request asks for nothing that this server knows");
  }
}

function failure(errorCode: Status, errorMessage: string): Answer {
  return { $case: "errorResponse", value: { errorCode, errorMessage } };
}
