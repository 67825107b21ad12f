"""Modules as resources: create, wait for and delete them (podule.v1.Modules)."""

from __future__ import annotations

from typing import Any, Iterator

import grpc

from . import _messages as pb
from ._errors import PoduleError, error_from_rpc, error_from_status

SPEC_FIELDS = frozenset(field.name for field in pb.Module.DESCRIPTOR.fields_by_name["spec"].message_type.fields)


def module_spec(options: dict[str, Any]) -> Any:
    """A ModuleSpec from keyword options (`dependency`, `lib_cpu_req`, ...); TypeError for an unknown one."""
    unknown = sorted(set(options) - SPEC_FIELDS)
    if unknown:
        raise TypeError(f"unknown module option {unknown[0]!r}; there are {', '.join(sorted(SPEC_FIELDS))}")
    spec = pb.Module().spec
    for name, value in options.items():
        if isinstance(value, (list, tuple)):
            getattr(spec, name).extend(value)
        elif value is not None:
            setattr(spec, name, value)
    return spec


def create_request(module: str, options: dict[str, Any]) -> Any:
    request = pb.CreateModuleRequest(module_id=module)
    request.module.spec.CopyFrom(module_spec(options))
    return request


def failure_of(module: Any) -> PoduleError | None:
    """The error of a FAILED module; None in every other state."""
    if module.status.error.code:
        return error_from_status(module.status.error.SerializeToString())
    return None


class Modules:
    """podule.v1.Modules on a channel."""

    def __init__(self, channel: grpc.Channel, metadata: Any) -> None:
        self._metadata = metadata
        self._create = _unary(channel, "CreateModule", pb.CreateModuleRequest, pb.Module)
        self._delete = _unary(channel, "DeleteModule", pb.DeleteModuleRequest, pb.Empty)
        self._get = _unary(channel, "GetModule", pb.GetModuleRequest, pb.Module)
        self._watch = channel.unary_stream(
            "/podule.v1.Modules/WatchModules",
            request_serializer=pb.WatchModulesRequest.SerializeToString,
            response_deserializer=pb.WatchModulesResponse.FromString,
        )

    def create(self, module: str, **options: Any) -> Any:
        """Makes the module, or returns the one of the same spec; ALREADY_EXISTS with another spec."""
        return self._run(self._create, create_request(module, options))

    def get(self, module: str) -> Any:
        return self._run(self._get, pb.GetModuleRequest(name=f"modules/{module}"))

    def delete(self, module: str) -> None:
        self._run(self._delete, pb.DeleteModuleRequest(name=f"modules/{module}"))

    def watch(self, module: str) -> Iterator[Any]:
        """Its states, from the present one on, until it is deleted or the iterator is closed."""
        stream = self._watch(pb.WatchModulesRequest(filter=f'name = "modules/{module}"'), metadata=self._metadata)
        try:
            for event in stream:
                if event.HasField("module"):
                    yield event.module
        except grpc.RpcError as error:
            raise error_from_rpc(error) from None
        finally:
            stream.cancel()

    def _run(self, method: Any, request: Any) -> Any:
        try:
            return method(request, metadata=self._metadata)
        except grpc.RpcError as error:
            raise error_from_rpc(error) from None


def _unary(channel: grpc.Channel, name: str, request: Any, response: Any) -> Any:
    return channel.unary_unary(
        f"/podule.v1.Modules/{name}",
        request_serializer=request.SerializeToString,
        response_deserializer=response.FromString,
    )
