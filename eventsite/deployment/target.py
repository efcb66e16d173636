"""The Python and the machine that a stage's function runs on: `runtime` and `architecture` in zappa_settings.json."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eventsite.deployment import DeploymentError
from eventsite.stack.stage import Stage
from eventsite.zappa_stages import SETTINGS_FILE

# The glibc of each: 3.11 runs on Amazon Linux 2, the later ones on Amazon Linux 2023.
RUNTIMES = {"python3.11": 26, "python3.12": 34, "python3.13": 34}
# AWS's name, and that of wheels with the number of the machine in compiled files.
ARCHITECTURES = {"arm64": ("aarch64", 183), "x86_64": ("x86_64", 62)}
_SNAP_START = "snap_start"
_SNAP_STARTS = ("None", "PublishedVersions")
_OLDEST_GLIBC = 5  # of the tags that wheels still have


@dataclass(frozen=True)
class Target:
    runtime: str
    architecture: str

    def __str__(self) -> str:
        return f"{self.runtime}, {self.architecture}, glibc 2.{self.glibc}"

    @property
    def version(self) -> str:
        return self.runtime.removeprefix("python")

    @property
    def glibc(self) -> int:
        return RUNTIMES[self.runtime]

    @property
    def machine(self) -> bytes:
        """As an ELF file has it."""
        return ARCHITECTURES[self.architecture][1].to_bytes(2, "little")

    @property
    def platforms(self) -> list[str]:
        """The tags of wheels that run there, the newest first."""
        name = ARCHITECTURES[self.architecture][0]
        tags = [f"manylinux_2_{release}" for release in range(self.glibc, _OLDEST_GLIBC - 1, -1)]
        return [f"{tag}_{name}" for tag in (*tags, "manylinux2014")]

    def python(self) -> str:
        """A Python of this version on this machine: only its bytecode is of use there. Raises DeploymentError."""
        check = f"import sys; sys.exit('{{}}.{{}}'.format(*sys.version_info) != '{self.version}')"
        for python in _candidates(self.runtime):
            if not subprocess.run([python, "-I", "-c", check], check=False, capture_output=True).returncode:
                return python
        raise DeploymentError(
            f"The package needs {self.runtime} on this machine, because the function runs on it: without its bytecode, "
            f"each cold start takes seconds longer. `.venv/bin/uv python install {self.version}` installs it for your "
            'user. Or set "runtime" in zappa_settings.json to the Python that you have.'
        )


def target_of(stage: Stage) -> Target:
    """Raises DeploymentError."""
    if found := list(errors(stage.described)):
        raise DeploymentError(f"{SETTINGS_FILE}, {stage.name}: {' '.join(found)}")
    return Target(stage.described["runtime"], stage.described["architecture"])


def errors(described: dict[str, Any]) -> Iterator[str]:
    """A sentence for each setting that is wrong in the stage's part of zappa_settings.json."""
    described = {_SNAP_START: "None", **described}
    for key, known in (("runtime", RUNTIMES), ("architecture", ARCHITECTURES), (_SNAP_START, _SNAP_STARTS)):
        if described.get(key) not in known:
            yield f"{key} must be one of {', '.join(known)}."
    if described[_SNAP_START] == _SNAP_STARTS[1] and described.get("runtime") == "python3.11":
        yield f"{_SNAP_START} needs python3.12 or later."


def _candidates(name: str) -> Iterator[str]:
    yield sys.executable
    if found := shutil.which(name):
        yield found
        # It may be the shim of pyenv for a version that is not selected.
        yield from map(str, Path(found).parent.parent.glob(f"versions/{name.removeprefix('python')}*/bin/{name}"))
    if uv := shutil.which(Path(sys.executable).with_name("uv")):
        command = [uv, "python", "find", "--managed-python", "--no-project", name.removeprefix("python")]
        result = subprocess.run(command, check=False, capture_output=True, text=True)
        if not result.returncode:
            yield result.stdout.strip()
