"""gRPC channels to Podule: address, TLS and bearer token, from arguments or the environment."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import grpc

DEFAULT_URL = "127.0.0.1:50051"
OPTIONS = ("url", "token", "ca", "cert", "key")
RpcError = grpc.RpcError
LARGEST_MESSAGE = 64 << 20
_CHANNEL = (
    ("grpc.max_receive_message_length", LARGEST_MESSAGE),
    ("grpc.max_send_message_length", LARGEST_MESSAGE),
    ("grpc.enable_retries", 0),
    ("grpc.http2.lookahead_bytes", 4 << 20),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # A way that has gone silent is noticed while a call waits.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
)


class Endpoint(NamedTuple):
    """Where Podule is and how to get in.

    url: "host:port", "http://host:port" or, with TLS, "https://host:port". token: bearer token. ca, cert, key: PEM bytes.
    """

    url: str
    token: str | None = None
    ca: bytes | None = None
    cert: bytes | None = None
    key: bytes | None = None

    @property
    def address(self) -> str:
        return self.url.partition("://")[2].rstrip("/") or self.url

    @property
    def tls(self) -> bool:
        return self.url.startswith("https://") or self.ca is not None or self.cert is not None

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self.token}"),) if self.token else ()

    def channel(self) -> grpc.Channel:
        if self.tls:
            return grpc.secure_channel(self.address, self._credentials(), _CHANNEL)
        return grpc.insecure_channel(self.address, _CHANNEL)

    def aio_channel(self) -> Any:
        if self.tls:
            return grpc.aio.secure_channel(self.address, self._credentials(), _CHANNEL)
        return grpc.aio.insecure_channel(self.address, _CHANNEL)

    def _credentials(self) -> grpc.ChannelCredentials:
        return grpc.ssl_channel_credentials(self.ca, self.key, self.cert)


def endpoint(url: str | None = None, **tls: Any) -> Endpoint:
    """`url`, else POD_MANAGER_URL, else 127.0.0.1:50051; `token`, else PODULE_TOKEN."""
    tls.setdefault("token", os.environ.get("PODULE_TOKEN"))
    return Endpoint(url or os.environ.get("POD_MANAGER_URL") or DEFAULT_URL, **tls)
