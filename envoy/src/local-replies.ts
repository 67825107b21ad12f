import { statusDetails } from "./status-details.ts";

interface Reply {
  /** A response flag or a prefix of the response code details of Envoy. */
  readonly flags?: readonly string[];
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}

const UNAVAILABLE = 14;
const RESOURCE_EXHAUSTED = 8;
const UNAUTHENTICATED = 16;

/** What Envoy itself answers, in gRPC's words. Whatever is not here keeps Envoy's own. */
const REPLIES: readonly Reply[] = [
  {
    flags: ["UH", "NR", "NC"],
    code: UNAVAILABLE,
    reason: "NO_POD_MANAGER",
    message: "No pod manager is ready to take calls. None has seen this call: it is safe to send it again.",
  },
  {
    flags: ["UF"],
    code: UNAVAILABLE,
    reason: "POD_MANAGER_UNREACHABLE",
    message: "No connection to a pod manager. None has seen this call: it is safe to send it again.",
  },
  {
    flags: ["UC", "UR", "UPE", "LR"],
    code: UNAVAILABLE,
    reason: "POD_MANAGER_LOST",
    message: "The connection to the pod manager broke while the call was there. It may have run.",
  },
  {
    flags: ["UO"],
    code: RESOURCE_EXHAUSTED,
    reason: "PROXY_OVERLOADED",
    message: "Too many calls are in flight. No pod manager has seen this one: send it again later.",
  },
];

const UNAUTHORIZED: Reply = {
  code: UNAUTHENTICATED,
  reason: "UNAUTHENTICATED",
  message: "The call needs a valid JWT: send the metadata `authorization: Bearer TOKEN`",
};

export function localReplies(): object {
  return {
    mappers: [
      ...REPLIES.map((reply) =>
        mapper({ response_flag_filter: { flags: reply.flags } }, reply, reply.message),
      ),
      mapper(
        { status_code_filter: statusIs(401) },
        UNAUTHORIZED,
        `${UNAUTHORIZED.message} (%LOCAL_REPLY_BODY%).`,
      ),
    ],
  };
}

function mapper(filter: object, { code, reason, message }: Reply, text: string): object {
  const header = (key: string, value: string) => ({
    header: { key, value },
    append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
  });
  return {
    filter,
    headers_to_add: [
      header("grpc-status", String(code)),
      header("grpc-status-details-bin", statusDetails(code, message, reason)),
    ],
    body_format_override: { text_format_source: { inline_string: text } },
  };
}

function statusIs(code: number): object {
  return { comparison: { op: "EQ", value: { default_value: code, runtime_key: "podule.unused" } } };
}
