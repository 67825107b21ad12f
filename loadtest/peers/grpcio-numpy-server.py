"""What a user would write by hand without Podule, with arrays and held objects: a grpcio server, synchronous or asyncio.

Usage: grpcio-numpy-server.py STUBS_FOLDER sync|aio. Prints its port on 127.0.0.1, and ends with its standard input.
"""

import asyncio
import importlib
import itertools
import sys
from concurrent import futures

import grpc
import numpy

sys.path.insert(0, sys.argv[1])
from podule.v1 import calls_pb2, calls_pb2_grpc, value_pb2  # noqa: E402

OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
held = {}
ids = itertools.count(1)


def to_python(value):
    kind = value.WhichOneof("kind")
    if kind == "list":
        return [*value.list.ints, *value.list.floats, *map(to_python, value.list.items)]
    if kind == "ndarray":
        array = value.ndarray
        return numpy.frombuffer(array.data, array.dtype).reshape(array.shape)
    if kind == "object":
        return held[value.object.id]
    return getattr(value, kind)


def to_value(result):
    if isinstance(result, (int, numpy.integer)):
        return value_pb2.Value(int=int(result))
    if isinstance(result, (float, numpy.floating)):
        return value_pb2.Value(float=float(result))
    key = next(ids)
    held[key] = result
    if len(held) > 1000:
        del held[next(iter(held))]
    return value_pb2.Value(object=value_pb2.ObjectRef(id=key))


def answer(request):
    target = importlib.import_module(request.module)
    for name in request.function.split("."):
        target = getattr(target, name)
    return calls_pb2.CallResponse(result=to_value(target(*map(to_python, request.args))))


class Calls(calls_pb2_grpc.CallsServicer):
    def Call(self, request, context):
        return answer(request)


class AioCalls(calls_pb2_grpc.CallsServicer):
    async def Call(self, request, context):
        return answer(request)


def serve_sync():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=OPTIONS)
    calls_pb2_grpc.add_CallsServicer_to_server(Calls(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    sys.stdin.read()
    server.stop(None)


async def serve_aio():
    server = grpc.aio.server(options=OPTIONS)
    calls_pb2_grpc.add_CallsServicer_to_server(AioCalls(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.stop(None)


if sys.argv[2] == "aio":
    asyncio.run(serve_aio())
else:
    serve_sync()
