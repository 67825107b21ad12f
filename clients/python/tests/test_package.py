"""The built packages, the descriptors, and the style of the source."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from conftest import NODE
from protos import ROOT

HERE = Path(__file__).resolve().parents[1]
WORKER = ROOT / "module-server/worker/podule_worker"
DESCRIPTORS = HERE / "src/podule/_descriptors.binpb"


def run(*command: str | Path, cwd: Path = HERE) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Files of the sdist and of the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    build = "from hatchling.builders.{0} import {1} as Builder; print(*Builder('{2}').build(directory='{3}'))"
    sdist = run(sys.executable, "-c", build.format("sdist", "SdistBuilder", HERE, folder)).strip()
    files = {}
    with tarfile.open(sdist) as archive:
        for member in archive:
            assert not member.issym() and not member.islnk(), member.name
            if member.isfile():
                source = archive.extractfile(member)
                assert source is not None
                files[member.name.partition("/")[2]] = source.read()
        archive.extractall(folder / "unpacked", filter="data")
    [unpacked] = (folder / "unpacked").iterdir()
    wheel = run(sys.executable, "-c", build.format("wheel", "WheelBuilder", unpacked, folder)).strip()
    with zipfile.ZipFile(wheel) as archive:
        return files, {name: archive.read(name) for name in archive.namelist()}


def test_the_packages_hold_the_worker_s_codec_as_it_is(built):
    codec = {"wire.py": WORKER / "wire.py"} | {f"values/{file.name}": file for file in (WORKER / "values").glob("*.py")}
    for files, prefix in zip(built, ("src/podule", "podule")):
        found = {name.partition("/_codec/")[2] for name in files if name.startswith(f"{prefix}/_codec/")}
        assert found == {*codec, "__init__.py"}
        for name, source in codec.items():
            assert files[f"{prefix}/_codec/{name}"] == source.read_bytes()
        assert files[f"{prefix}/_descriptors.binpb"] == DESCRIPTORS.read_bytes()
        assert f"{prefix}/py.typed" in files


def test_the_wheel_works_by_itself(built, tmp_path):
    for name, content in built[1].items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    code = "import podule, podule.aio; print(podule.__file__); podule.Client().close()"
    shown = run(sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}", cwd=tmp_path)
    assert shown.strip() == str(tmp_path / "podule/__init__.py")


def test_the_descriptors_are_current(tmp_path):
    script = next(line for line in (ROOT / "package.json").read_text().splitlines() if '"generate"' in line)
    arguments = script.partition("buf build ")[2].partition(" --output")[0].split()
    buf = ROOT / "node_modules/.bin/buf"
    run(NODE, buf, "build", *arguments, "--output", tmp_path / "d.binpb", cwd=ROOT / "proto")
    assert (tmp_path / "d.binpb").read_bytes() == DESCRIPTORS.read_bytes(), "run: npm run generate"


@pytest.mark.parametrize(
    "command", [["ruff", "check", "--no-cache"], ["ruff", "format", "--check", "--no-cache"], ["mypy", "--no-incremental"]]
)
def test_style_and_types(command):
    run(sys.executable, "-m", *command)
