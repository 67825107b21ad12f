"""What a user would write by hand without Podule: a synchronous grpcio server of 16 threads for the same call.

Usage: grpcio-server.py STUBS_FOLDER. Prints the port that it serves on 127.0.0.1, and ends with its standard input.
"""

import importlib
import sys
from concurrent import futures

import grpc

sys.path.insert(0, sys.argv[1])
from podule.v1 import calls_pb2, calls_pb2_grpc, value_pb2  # noqa: E402


def to_python(value):
    kind = value.WhichOneof("kind")
    if kind == "list":
        return [*value.list.ints, *value.list.floats, *map(to_python, value.list.items)]
    if kind == "null":
        return None
    return getattr(value, kind)


def to_value(result):
    if result is None:
        return value_pb2.Value(null=0)
    if isinstance(result, bool):
        return value_pb2.Value(bool=result)
    if isinstance(result, int):
        return value_pb2.Value(int=result)
    if isinstance(result, float):
        return value_pb2.Value(float=result)
    if isinstance(result, str):
        return value_pb2.Value(str=result)
    raise TypeError(type(result).__name__)


def call(request):
    target = importlib.import_module(request.module)
    for name in request.function.split("."):
        target = getattr(target, name)
    return target(
        *map(to_python, request.args),
        **{name: to_python(value) for name, value in request.kwargs.items()},
    )


class Calls(calls_pb2_grpc.CallsServicer):
    def Call(self, request, context):
        return calls_pb2.CallResponse(result=to_value(call(request)))

    def Stream(self, request, context):
        for item in call(request):
            yield calls_pb2.StreamResponse(item=to_value(item))


server = grpc.server(
    futures.ThreadPoolExecutor(max_workers=16),
    options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
)
calls_pb2_grpc.add_CallsServicer_to_server(Calls(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
sys.stdin.read()
server.stop(None)
