"""TLS and bearer tokens, as Envoy asks for them."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Iterator

import grpc
import pytest
from conftest import MODULES, NODE, ROOT, Stack

import podule
from podule import aio

MAKE = f"""
import {{ certificate }} from {json.dumps(str(ROOT / "envoy/testing/certificates.ts"))};
import {{ issuer }} from {json.dumps(str(ROOT / "envoy/testing/tokens.ts"))};
const ca = certificate("an authority", {{ ca: true }});
const {{ cert, key }} = certificate("localhost", {{ issuer: ca, hosts: ["localhost", "127.0.0.1"] }});
const {{ jwks, token }} = issuer();
const claims = {{ iss: "https://issuer.example", sub: "me", exp: Math.floor(Date.now() / 1000) + 3600 }};
console.log(JSON.stringify({{ ca: ca.cert, cert, key, jwks, token: token(claims) }}));
"""


@pytest.fixture(scope="module")
def secured() -> Iterator[dict[str, Any]]:
    folder = Path(tempfile.mkdtemp(prefix="podule-"))
    made = json.loads(subprocess.run([NODE, "--input-type=module", "-e", MAKE], capture_output=True, text=True, check=True).stdout)
    for name in ("cert", "key", "jwks"):
        (folder / name).write_text(made[name])
    env = {"PODULE_TLS_CERT": "cert", "PODULE_TLS_KEY": "key", "PODULE_JWT_JWKS": "jwks"}
    stack = Stack(folder, PODULE_JWT_ISSUER="https://issuer.example", **{name: str(folder / file) for name, file in env.items()})
    try:
        port = stack.address.rpartition(":")[2]
        yield {"url": f"https://localhost:{port}", "ca": made["ca"].encode(), "token": made["token"]}
    finally:
        stack.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_with_both(secured):
    with podule.Client(**secured) as client:
        things = client.module("things", path=str(MODULES / "things.py"))
        assert things.total([1, 2]) == 3
        assert things.apply_each(lambda n: n + 1, [1]) == [2]


def test_asyncio(secured):
    async def main():
        async with aio.Client(**secured) as client:
            assert await (await client.module("things")).total([1, 2]) == 3

    asyncio.run(main())


def test_from_the_environment(secured, monkeypatch):
    monkeypatch.setenv("POD_MANAGER_URL", secured["url"])
    monkeypatch.setenv("PODULE_TOKEN", secured["token"])
    with podule.Client(ca=secured["ca"]) as client:
        assert client.module("things").total([1, 2]) == 3


@pytest.mark.parametrize("token", [None, "no.such.token"])
def test_without_a_token_that_counts(secured, token):
    with podule.Client(**{**secured, "token": token}) as client:
        for refused in (lambda: client.module("things").total([1]), lambda: client.modules.get("things")):
            with pytest.raises(podule.PoduleError) as caught:
                refused()
            assert caught.value.code == grpc.StatusCode.UNAUTHENTICATED


def test_without_the_authority(secured):
    with podule.Client(secured["url"], token=secured["token"]) as client, pytest.raises(podule.PoduleError) as caught:
        client.module("things").total([1])
    assert caught.value.code == grpc.StatusCode.UNAVAILABLE
