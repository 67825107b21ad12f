"""A session on one worker's link: the module server's and the client's end, through the official protobuf runtime."""

import struct

import reference
from driver import CANCEL, CREDIT, END, ERROR, ITEM, RESULT
from protos import CallRequest, CallResponse, Failure, StreamResponse, Value

SESSION_CALL, SESSION_CLOSE, RELEASE, CHUNK_IN, PULL, CALLBACK_RESULT, CALLBACK_ERROR = range(7, 14)
CHUNKED, CHUNK_OUT, CALLBACK, OBJECTS = range(26, 30)
AUTO, VALUE, OBJECT, PLAIN = range(4)
CALL, GET, SET, DELETE, OPERATOR = range(5)
STREAMED, CHUNKED_BODY = 1, 2
HEADER = struct.Struct("<IQBI")


class Ref:
    """An object, as an argument or a result."""

    def __init__(self, message):
        self.id, self.type, self.callable = message.id, message.type, message.callable
        self.value = message.value if message.HasField("value") else None


class Callback:
    def __init__(self, number):
        self.id = number


def to_proto(value):
    if isinstance(value, Ref):
        return Value(object={"id": value.id})
    if isinstance(value, Callback):
        return Value(callback={"id": value.id})
    if isinstance(value, list):
        return Value(list={"items": [to_proto(item) for item in value]})
    return reference.to_proto(value)


def from_proto(value):
    kind = value.WhichOneof("kind")
    if kind == "object":
        return Ref(value.object)
    if kind in ("list", "tuple") and not value.list.ints and not value.list.floats and not value.tuple.ints:
        items = [from_proto(item) for item in getattr(value, kind).items]
        return items if kind == "list" else tuple(items)
    if kind == "dict":
        return dict(zip(map(from_proto, value.dict.keys), map(from_proto, value.dict.values), strict=True))
    return reference.from_proto(value)


class Session:
    """Calls of one session; link ids are shared by all sessions of a worker."""

    links = 1000

    def __init__(self, worker, number=1):
        self.worker, self.number, self.calls = worker, number, 0
        self.bodies = {}
        self.on_callback = {}
        self.reports = []

    def send(self, function="", *args, mode=AUTO, target=None, operation=CALL, stream=0, chunks=0, **kwargs):
        """(link id, the client's id) of a call that is sent."""
        request = CallRequest(function=function, args=map(to_proto, args), operation=operation, result_mode=mode)
        if target is not None:
            request.target.CopyFrom(to_proto(target))
        for name, value in kwargs.items():
            request.kwargs[name].CopyFrom(to_proto(value))
        return self.send_raw(request.SerializeToString(), stream, chunks)

    def send_raw(self, body, stream=0, chunks=0):
        Session.links += 1
        link = Session.links
        self.calls += 1
        flags = STREAMED if stream else 0
        if chunks:
            transfer = link + 500_000
            for at in range(0, len(body), chunks):
                self.worker.send(CHUNK_IN, transfer, struct.pack("<Q", len(body)) + body[at : at + chunks])
            body, flags = struct.pack("<I", transfer), flags | CHUNKED_BODY
        header = HEADER.pack(self.number, self.calls, flags, stream)
        self.worker.send(SESSION_CALL, link, header + body)
        return link, self.calls

    def next(self):
        """The next frame that is no OBJECTS report, callbacks answered and chunks put together on the way."""
        while True:
            kind, link, payload = self.worker.next()
            if kind == OBJECTS:
                self.reports.append(struct.unpack("<QQ", payload))
            elif kind == CHUNKED:
                self.bodies[link] = bytearray()
                self.worker.send(PULL, link, struct.pack("<I", struct.unpack_from("<Q", payload)[0]))
            elif kind == CHUNK_OUT:
                self.bodies[link] += payload
            elif kind == CALLBACK:
                self._answer_callback(link, payload)
            else:
                return kind, link, bytes(self.bodies.pop(link, payload))

    def _answer_callback(self, link, payload):
        function = struct.unpack_from("<IIQ", payload)[2]
        request = CallRequest.FromString(bytes(self.bodies.pop(link, payload[16:])))
        answer = self.on_callback[function](*[from_proto(value) for value in request.args])
        if isinstance(answer, bytes):
            self.worker.send(CALLBACK_ERROR, link, answer)
        else:
            self.worker.send(CALLBACK_RESULT, link, CallResponse(result=to_proto(answer)).SerializeToString())

    def answer(self, link):
        kind, named, payload = self.next()
        assert named == link, (kind, named, link)
        if kind == ERROR:
            return Failure(payload)
        assert kind == RESULT
        return from_proto(CallResponse.FromString(payload).result)

    def call(self, *args, **kwargs):
        return self.answer(self.send(*args, **kwargs)[0])

    def operate(self, operator, *operands, **options):
        return self.call(operator, *operands, operation=OPERATOR, **options)

    def items(self, link, credit):
        """All items of a streamed call."""
        items = []
        while True:
            kind, named, payload = self.next()
            assert named == link
            if kind == END:
                return items
            if kind == ERROR:
                return items, Failure(payload)
            assert kind == ITEM
            items.append(from_proto(StreamResponse.FromString(payload).item))
            self.worker.send(CREDIT, link, struct.pack("<I", credit))

    def release(self, *ids):
        self.worker.send(RELEASE, self.number, struct.pack(f"<{len(ids)}Q", *ids))

    def cancel(self, link, cause=b"\x02"):
        self.worker.send(CANCEL, link, cause)

    def close(self):
        self.worker.send(SESSION_CLOSE, self.number)
