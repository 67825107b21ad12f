import pytest
import reference
from driver import CALL, ERROR, RESULT, STREAM, Pod
from hypothesis import HealthCheck, settings
from protos import CallRequest, CallResponse, Failure, StreamResponse

# Two cores and others on them: only the work counts, not its time.
settings.register_profile("podule", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("podule")


class Client:
    """Calls with Python values over one worker's link, through the official protobuf runtime."""

    def __init__(self, worker):
        self.worker = worker
        self._last = 0

    def request(self, function, *args, **kwargs):
        request = CallRequest(function=function, args=map(reference.to_proto, args))
        for name, value in kwargs.items():
            request.kwargs[name].CopyFrom(reference.to_proto(value))
        return request.SerializeToString()

    def send(self, function, *args, **kwargs):
        self._last += 1
        self.worker.send(CALL, self._last, self.request(function, *args, **kwargs))
        return self._last

    def stream(self, credit, function, *args, **kwargs):
        self._last += 1
        self.worker.send(STREAM, self._last, credit.to_bytes(4, "little") + self.request(function, *args, **kwargs))
        return self._last

    def answer(self, number, timeout=20):
        kind, named, payload = self.worker.next(timeout)
        assert named == number
        if kind == ERROR:
            return Failure(payload)
        assert kind == RESULT
        return reference.from_proto(CallResponse.FromString(payload).result)

    def call(self, function, *args, **kwargs):
        return self.answer(self.send(function, *args, **kwargs))

    def raw(self, request):
        self._last += 1
        self.worker.send(CALL, self._last, request)
        return self.answer(self._last)

    def item(self, payload):
        return reference.from_proto(StreamResponse.FromString(payload).item)


@pytest.fixture
def pod():
    """Starts pods; ends them after the test."""
    pods = []

    def start(module, **options):
        pods.append(Pod(module, **options))
        return pods[-1]

    yield start
    for one in pods:
        one.close()


@pytest.fixture
def client(pod):
    """A worker of modules/subject.py."""
    started = pod("subject")
    started.imported()
    client = Client(started.fork())
    client.pod = started
    return client


@pytest.fixture
def client_of(pod):
    def start(module, **options):
        started = pod(module, **options)
        started.imported()
        client = Client(started.fork())
        client.pod = started
        return client

    return start
