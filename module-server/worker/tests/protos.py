"""The API's messages for the official protobuf runtime, from the committed descriptors: the other side of the codec."""

from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_DESCRIPTORS = Path(__file__).parents[3] / "proto" / "gen" / "descriptors.binpb"

_pool = descriptor_pool.DescriptorPool()
for _file in descriptor_pb2.FileDescriptorSet.FromString(_DESCRIPTORS.read_bytes()).file:
    _pool.Add(_file)


def message(name):
    return message_factory.GetMessageClass(_pool.FindMessageTypeByName(name))


Value = message("podule.v1.Value")
CallRequest = message("podule.v1.CallRequest")
CallResponse = message("podule.v1.CallResponse")
StreamResponse = message("podule.v1.StreamResponse")
Status = message("google.rpc.Status")
ErrorInfo = message("google.rpc.ErrorInfo")
DebugInfo = message("google.rpc.DebugInfo")
BadRequest = message("google.rpc.BadRequest")


class Failure:
    """A google.rpc.Status, taken apart."""

    def __init__(self, raw):
        self.status = Status.FromString(raw)
        self.code = self.status.code
        self.message = self.status.message
        self.info = ErrorInfo()
        self.debug = DebugInfo()
        self.bad = BadRequest()
        for detail in self.status.details:
            for kind in (self.info, self.debug, self.bad):
                if detail.type_url == f"type.googleapis.com/{kind.DESCRIPTOR.full_name}":
                    kind.ParseFromString(detail.value)
        assert self.info.domain == "podule.dev"
        self.reason = self.info.reason
        self.python_type = self.info.metadata.get("python_type", "")
        self.traceback = self.debug.detail
        self.fields = [violation.field for violation in self.bad.field_violations]

    def __repr__(self):
        return f"Failure({self.code}, {self.reason}, {self.message!r})"
