"""The client against the whole of Podule: Envoy, the pod manager, pods that they make."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import grpc
import pytest
from conftest import MODULES, Stack
from protos import UpdateModuleRequest

import podule
from podule import aio

NUMPY = {"dependency": ["numpy"]}


@pytest.fixture(autouse=True)
def address(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("POD_MANAGER_URL", f"http://{stack.address}")
    return stack.address


def test_a_module_is_made_and_used(address):
    with podule.Client() as client:
        np = client.module("numpy", **NUMPY)
        assert np.sum(np.array([1, 2, 3, 4])) == 10
        assert podule.evaluate(lambda: np.linalg.svd(np.eye(3)).S.sum()) == pytest.approx(3)
        # The same again is the same module; another spec is not.
        client.module("numpy", **NUMPY)
        with pytest.raises(podule.PoduleError) as caught:
            client.module("numpy", dependency=["numpy<2"])
        assert caught.value.code.name == "ALREADY_EXISTS"
        with pytest.raises(TypeError, match="no_such_option"):
            client.module("numpy", no_such_option=1)


def test_asyncio(address):
    async def main():
        async with aio.Client() as client:
            things = await client.module("things", path=str(MODULES / "things.py"))
            assert await things.total([1, 2]) == 3
            assert await things.apply_each(lambda n: n + 1, [1, 2]) == [2, 3]

    asyncio.run(main())


def test_a_module_that_cannot_be_made():
    with podule.Client() as client, pytest.raises(podule.PoduleError) as caught:
        client.module("podule_no_such_module_at_all").f()
    assert "podule" in str(caught.value)


def test_a_session_that_drains_is_left_to_its_objects(address):
    with podule.Client() as client:
        things = client.module("moving", path=str(MODULES / "things.py"), import_name="things")
        number = things.Number(1)
        runtime = things._podule.runtime
        first = runtime.session()
        request = UpdateModuleRequest()
        request.module.name, request.module.spec.workers = "modules/moving", 2
        with grpc.insecure_channel(address) as channel:
            update = channel.unary_unary("/podule.v1.Modules/UpdateModule", request_serializer=UpdateModuleRequest.SerializeToString)
            update(request)
        until = time.monotonic() + 30
        while runtime.session() is first and time.monotonic() < until:
            time.sleep(0.1)
        assert first.draining and runtime.session() is not first
        assert things.total([1, 2]) == 3
        assert number.add(3).value == 4, "where it was"
        assert things.total([5]) == 5


def test_names_of_jac_splice_orc(address):
    manager = podule.PodManagerProxy(f"http://{address}")
    config = {"path": str(MODULES / "things.py"), "lib_cpu_req": "500m", "something_of_its_own": 1}
    assert "ready" in manager.create_pod("shelves", {**config, "import_name": "things"})["message"]
    assert manager.run_module("shelves", "total", args=[[1, 2]]) == 3
    number = manager.run_module("shelves", "Number", args=[4])
    assert isinstance(number, podule.RemoteObjectProxy)
    assert manager.run_module("shelves", "add", obj_id=number, kwargs={"amount": 2}).value == 6
    shelves = podule.ModuleProxy(f"http://{address}").get_module_proxy("shelves", {**config, "import_name": "things"})
    assert shelves.total([5, number]) == 11
    manager.delete_pod("shelves")


def test_the_import_hook_is_scoped(address):
    client = podule.client()
    client.module("things", path=str(MODULES / "things.py"))
    assert podule.client() is client
    with podule.remote_imports("things", "json"):
        import json
        import json.decoder
        from json import dumps

        import things
        from things import Number, total

        assert isinstance(things, podule.RemoteObjectProxy) and isinstance(Number, podule.RemoteObjectProxy)
        assert total([1, 2]) == 3
        assert json.loads("[1]") == [1] and dumps([1]) == "[1]"
        assert isinstance(json, podule.RemoteObjectProxy) and json.decoder.JSONDecoder is not None
        # Code of other modules that runs meanwhile gets its own.
        assert subprocess.run([sys.executable, "-c", ""], check=True).returncode == 0
        namespace: dict[str, object] = {"__name__": "elsewhere"}
        exec("import json", namespace)
        assert not isinstance(namespace["json"], podule.RemoteObjectProxy)
    import json as local

    assert not isinstance(local, podule.RemoteObjectProxy)
    client.close()
    assert podule.client() is not client
    assert "things" not in sys.modules or not isinstance(sys.modules["things"], podule.RemoteObjectProxy)


def test_without_numpy_here(address, tmp_path: Path):
    """As on a machine without it: arrays stay there and print as they do there."""
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u, sys\n"
        "find = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'numpy' else find(name, *rest)\n"
        "sys.modules['numpy'] = None\n"
    )
    code = "import podule\nnp = podule.module('numpy')\na = np.array([1, 2, 3, 4])\nprint(a)\nprint(np.sum(a))\nprint(type(a).__name__)\n"
    with podule.Client() as client:
        client.modules.create("numpy", **NUMPY)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"POD_MANAGER_URL": address, "PYTHONPATH": f"{tmp_path}:{Path(podule.__file__).parents[1]}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "[1 2 3 4]\n10\nRemoteObjectProxy\n", done.stderr
