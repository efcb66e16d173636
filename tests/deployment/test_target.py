"""The Python and the machine of a stage's function: wheels, and the interpreter that compiles for it."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from eventsite.deployment import DeploymentError
from eventsite.deployment import target as target_module
from eventsite.deployment.target import ARCHITECTURES, RUNTIMES, Target

THIS = f"python{sys.version_info.major}.{sys.version_info.minor}"


@pytest.mark.parametrize(
    ("runtime", "architecture", "first", "last"),
    [
        ("python3.13", "arm64", "manylinux_2_34_aarch64", "manylinux2014_aarch64"),
        ("python3.12", "x86_64", "manylinux_2_34_x86_64", "manylinux2014_x86_64"),
        ("python3.11", "x86_64", "manylinux_2_26_x86_64", "manylinux2014_x86_64"),
    ],
)
def test_wheels_are_no_newer_than_the_glibc_of_lambda(runtime: str, architecture: str, first: str, last: str) -> None:
    platforms = Target(runtime, architecture).platforms
    assert (platforms[0], platforms[-1]) == (first, last)
    assert f"manylinux_2_17_{last.removeprefix('manylinux2014_')}" in platforms


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_combination_has_a_sentence(runtime: str, architecture: str) -> None:
    assert re.fullmatch(r"python3\.1\d, (arm64|x86_64), glibc 2\.(26|34)", str(Target(runtime, architecture)))


def test_the_python_that_runs_is_used_if_it_fits() -> None:
    assert Target(THIS, "arm64").python() == sys.executable


def fake_python(path: Path, status: int) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nexit {status}\n")
    path.chmod(0o755)
    return str(path)


def test_a_version_of_pyenv_is_found_behind_its_shim(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", fake_python(tmp_path / "venv/bin/python", 1))
    monkeypatch.setenv("PATH", str(tmp_path / "shims"))
    fake_python(tmp_path / "shims/python3.13", 127)
    found = fake_python(tmp_path / "versions/3.13.0/bin/python3.13", 0)
    assert Target("python3.13", "arm64").python() == found


def test_a_python_of_uv_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", fake_python(tmp_path / "venv/bin/python", 1))
    monkeypatch.setenv("PATH", "/nowhere")
    found = fake_python(tmp_path / "managed/python3.13", 0)
    uv = tmp_path / "venv/bin/uv"
    uv.write_text(f'#!/bin/sh\n[ "$*" = "python find --managed-python --no-project 3.13" ] && echo {found}\n')
    uv.chmod(0o755)
    assert Target("python3.13", "arm64").python() == found


def test_without_that_python_nothing_is_packaged(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> Any:
        return iter(())

    monkeypatch.setattr(target_module, "_candidates", none)
    with pytest.raises(DeploymentError) as raised:
        Target("python3.13", "arm64").python()
    assert str(raised.value) == (
        "The package needs python3.13 on this machine, because the function runs on it: without its bytecode, each "
        "cold start takes seconds longer. `.venv/bin/uv python install 3.13` installs it for your user. "
        'Or set "runtime" in zappa_settings.json to the Python that you have.'
    )
