"""Classes of the protobuf messages, made from the API's descriptors by whatever protobuf runtime is installed."""

from __future__ import annotations

from importlib import resources
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# A pool of its own: the same files may be registered by a program's own generated code.
_pool = descriptor_pool.DescriptorPool()


def _load() -> None:
    data = resources.files("podule").joinpath("_descriptors.binpb").read_bytes()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        _pool.Add(file)


_load()


def message(name: str) -> Any:
    """The class of a message by its full name ("podule.v1.Module")."""
    return message_factory.GetMessageClass(_pool.FindMessageTypeByName(name))


Status = message("google.rpc.Status")
ErrorInfo = message("google.rpc.ErrorInfo")
DebugInfo = message("google.rpc.DebugInfo")
RetryInfo = message("google.rpc.RetryInfo")
BadRequest = message("google.rpc.BadRequest")
Module = message("podule.v1.Module")
CreateModuleRequest = message("podule.v1.CreateModuleRequest")
GetModuleRequest = message("podule.v1.GetModuleRequest")
DeleteModuleRequest = message("podule.v1.DeleteModuleRequest")
WatchModulesRequest = message("podule.v1.WatchModulesRequest")
WatchModulesResponse = message("podule.v1.WatchModulesResponse")
Empty = message("google.protobuf.Empty")
