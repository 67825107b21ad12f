"""`jac run` of programs whose modules are not installed here."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[1]


def jac(packages: Path, address: str, folder: Path, program: str) -> str:
    done = subprocess.run(
        [Path(sys.executable).with_name("jac"), "run", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(packages), "POD_MANAGER_URL": address},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HERE / "example", tmp_path / "example"))


def test_numpy_is_not_installed_here():
    assert importlib.util.find_spec("numpy") is None


def test_the_example(packages, address, folder):
    assert jac(packages, address, folder, "example.jac").splitlines()[-2:] == ["[1 2 3 4]", "10"]


def test_all_forms_of_imports(packages, address, folder):
    (folder / "forms.jac").write_text(
        """
import numpy as np;
import numpy.linalg;
import from numpy { array, sum as total }
import json;
import from beside { norm_of }

with entry {
    print(total(array([1, 2, 3])));
    print(np.max([4, 9]));
    print(numpy.linalg.norm([3.0, 4.0]));
    print(norm_of([6.0, 8.0]));
    print(json.dumps([1]), type(json).__name__);
}
"""
    )
    (folder / "beside.jac").write_text(
        """
import from numpy.linalg { norm }

def norm_of(vector: list) -> float {
    return norm(vector);
}
"""
    )
    assert jac(packages, address, folder, "forms.jac").splitlines()[-5:] == ["6", "9", "5.0", "10.0", "[1] module"]


def test_python_code_beside_it_imports_its_own(packages, address, folder):
    (folder / "plain.py").write_text(
        "def has_numpy():\n    try:\n        import numpy\n    except ImportError:\n        return False\n    return True\n"
    )
    (folder / "both.jac").write_text(
        "import from plain { has_numpy }\n\nwith entry {\n    import numpy;\n    print(numpy.sum([1, 2]), has_numpy());\n}\n"
    )
    assert jac(packages, address, folder, "both.jac").splitlines()[-1] == "3 False"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {}),
        ({"modules": ["numpy"]}, {"numpy": {}}),
        ({"url": "there:1", "modules": ["a", "b"]}, {"a": {"url": "there:1"}, "b": {"url": "there:1"}}),
        ({"modules": {"numpy": {"dependency": ["numpy"]}}}, {"numpy": {"dependency": ["numpy"]}}),
    ],
)
def test_settings(packages, settings, expected):
    sys.path.insert(0, str(packages))
    try:
        from podule_jac import remote_modules
    finally:
        sys.path.remove(str(packages))
    assert remote_modules(settings) == expected
    with pytest.raises(TypeError, match=r"jac\.toml"):
        remote_modules({"modules": "numpy"})


@pytest.mark.parametrize(
    "command", [["ruff", "check", "--no-cache"], ["ruff", "format", "--check", "--no-cache"], ["mypy", "--no-incremental"]]
)
def test_style_and_types(command):
    done = subprocess.run([sys.executable, "-m", *command], cwd=HERE, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
