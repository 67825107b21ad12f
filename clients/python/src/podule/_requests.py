"""CallRequest as bytes."""

from __future__ import annotations

from typing import Any, Sequence

from ._codec.values import ABSENT
from ._codec.values.encode import SCALARS
from ._frames import Body, Buffer, read_fields, read_text, varint
from ._remote import SIMPLE, Lease, Remote, remotes_in
from ._session import INLINE_BYTES, Outgoing
from ._values import Named, References, decode_value, encode_value

# CallRequest.Operation and ResultMode.
CALL, GET, SET, DELETE, OPERATOR, RELEASE = range(6)
AUTO, VALUE, OBJECT, PLAIN = range(4)


# Of these nothing is too large; tag and length of such an argument.
_SMALL = {cls: SCALARS[cls] for cls in (int, float, bool, type(None))}
_ARGUMENT = tuple(bytes((0x1A, size)) for size in range(128))


class Request:
    """What is to be done: `function` of `target` (None: of the module) with arguments."""

    __slots__ = ("args", "function", "kwargs", "mode", "operation", "target")

    def __init__(
        self,
        operation: int,
        target: Lease | None,
        function: str,
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
        mode: int = AUTO,
    ) -> None:
        self.operation, self.target, self.function = operation, target, function
        self.args, self.kwargs, self.mode = args, kwargs or {}, mode

    def remotes(self) -> list[Remote]:
        """Those of the proxies among the arguments."""
        found: list[Remote] = []
        for value in (*self.args, *self.kwargs.values()) if self.kwargs else self.args:
            if value.__class__ not in SIMPLE:
                found.extend(remotes_in(value))
        return found

    def encode(self, references: References, target: Any = ABSENT) -> list[Buffer]:
        """The CallRequest in pieces; `target` as a value instead of an object."""
        head = b""
        if self.function:
            name = self.function.encode()
            head = b"\x12" + varint(len(name)) + name
        if self.operation:
            head += b"\x30" + varint(self.operation)
        if self.mode:
            head += b"\x38" + varint(self.mode)
        if self.target is not None and self.target.value is not ABSENT:
            target = self.target.value
        elif self.target is not None:
            references.objects.append(self.target.id)
            object = b"\x08" + varint(self.target.id)
            object = b"\x82\x02" + varint(len(object)) + object
            head += b"\x2a" + varint(len(object)) + object
        pieces: list[Buffer] = [head]
        if target is not ABSENT:
            _append(pieces, b"\x2a", encode_value(target, references))
        for value in self.args:
            scalar = _SMALL.get(value.__class__)
            if scalar is not None:
                written = scalar(value)
                size = len(written)
                pieces.append((_ARGUMENT[size] if size < 128 else b"\x1a" + varint(size)) + written)
            else:
                _append(pieces, b"\x1a", encode_value(value, references))
        for key, value in self.kwargs.items():
            name = key.encode()
            encoded = encode_value(value, references)
            length = sum(map(len, encoded))
            entry = b"\x0a" + varint(len(name)) + name + b"\x12" + varint(length)
            pieces.append(b"\x22" + varint(len(entry) + length) + entry)
            pieces.extend(encoded)
        return pieces


def _append(pieces: list[Buffer], tag: bytes, encoded: Sequence[Buffer]) -> None:
    pieces.append(tag + varint(sum(map(len, encoded))))
    pieces.extend(encoded)


def sends(id: int, request: Request, references: References, **options: Any) -> list[Outgoing]:
    """The frames of one call, after those of the calls that fetch what it names."""
    body = request.encode(references)
    if sum(map(len, body)) <= INLINE_BYTES:
        body = [b"".join(body)]
    if not references.objects:
        return [Outgoing(id, body, **options)]
    ahead = [_fetch(lease, named, references) for lease, named in references.before]
    return [*ahead, Outgoing(id, body, tuple(references.objects), **options)]


def _fetch(lease: Lease, named: Named, references: References) -> Outgoing:
    ids = () if named.lease is None else (named.lease.id,)
    if named.exemplar is not ABSENT and not named.path:
        request = Request(OPERATOR, None, "type", (named.exemplar,), mode=OBJECT)
        return Outgoing(lease.id, request.encode(references))
    request = Request(GET, named.lease, named.path, mode=OBJECT)
    return Outgoing(lease.id, request.encode(references, named.exemplar), ids)


def decode_arguments(request: Body, references: References) -> tuple[list[Any], dict[str, Any]]:
    """args and kwargs of a callback's CallRequest."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for field, _, piece in read_fields(request):
        if field == 3:
            args.append(decode_value(piece, references))
        elif field == 4:
            name, value = "", piece
            for part, _, inner in read_fields(piece):
                if part == 1:
                    name = read_text(inner)
                elif part == 2:
                    value = inner
            kwargs[name] = decode_value(value, references)
    return args, kwargs
