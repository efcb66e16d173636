"""Installing with pip, with settings of other projects and in two processes at the same time."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from eventsite.engine import install
from eventsite.engine.install import InstallError

METADATA = {
    "METADATA": "Metadata-Version: 2.1\nName: small\nVersion: 1.0\n",
    "WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "RECORD": "small.py,,\n",
}


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    """A requirements file with one package, and the wheel of that package."""
    wheel = tmp_path / "small-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("small.py", "")
        for name, content in METADATA.items():
            archive.writestr(f"small-1.0.dist-info/{name}", content)
    path = tmp_path / "requirements.txt"
    path.write_text(f"small==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    return path


def test_two_runs_at_the_same_time_install_once_with_any_pip_settings(requirements: Path) -> None:
    folder = requirements.parent
    elsewhere = str(folder / "elsewhere")
    environment = {**os.environ, "PIP_FIND_LINKS": str(folder), "PIP_NO_INDEX": "1", "PIP_USER": "1"}
    environment |= dict.fromkeys(("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONPATH", "PYTHONHOME"), elsewhere)
    environment |= {"PIP_CONSTRAINT": elsewhere, "PIP_DRY_RUN": "1", "PIP_PLATFORM": "any", "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-I", install.__file__, ".venv", requirements.name, ".venv/run.installed"]
    runs = [
        subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(2)
    ]
    outputs = [run.communicate(timeout=300)[0].decode() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outputs
    assert sorted(outputs) == ["", "Installing requirements.txt into .venv (only once) ...\n"]
    subprocess.run([folder / ".venv/bin/python", "-I", "-c", "import small"], check=True)
    assert not Path(elsewhere).exists()


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"PIP_NO_INDEX": "1"}, r"^PIP_NO_INDEX is set, so pip used no package index\. pip says: ERROR: No matching"),
        ({"PIP_INDEX_URL": "http://127.0.0.1:9/"}, r"^Is there a network connection\? pip says: ERROR: No matching"),
        ({"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "."}, r"^pip says: ERROR: .*hash"),
    ],
)
def test_only_network_errors_are_reported_as_such(
    requirements: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], reason: str
) -> None:
    monkeypatch.chdir(requirements.parent)
    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"PIP_CONFIG_FILE": "/dev/null", **variables}.items():
        monkeypatch.setenv(name, value)
    requirements.write_text("small==1.0 --hash=sha256:" + "0" * 64)
    with pytest.raises(InstallError, match=reason):
        install.install(sys.executable, requirements, requirements.parent / "target")
