"""The API's messages as the official runtime reads them: what the client's own bytes are held against."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

ROOT = Path(__file__).resolve().parents[3]

_pool = descriptor_pool.DescriptorPool()
for _file in descriptor_pb2.FileDescriptorSet.FromString((ROOT / "proto/gen/descriptors.binpb").read_bytes()).file:
    _pool.Add(_file)


def message(name: str) -> Any:
    return message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"podule.v1.{name}"))


CallRequest = message("CallRequest")
CallResponse = message("CallResponse")
SessionRequest = message("SessionRequest")
SessionResponse = message("SessionResponse")
SessionRequestEnvelope = message("SessionRequestEnvelope")
SessionResponseEnvelope = message("SessionResponseEnvelope")
Value = message("Value")
UpdateModuleRequest = message("UpdateModuleRequest")
