"""dist/events-STAGE.zip: all that the function runs, compiled, and byte for byte the same from the same sources."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from eventsite.deployment import DeploymentError, contents
from eventsite.deployment.django_test import lighten

MAX_BYTES = 12_000_000
# Where Lambda unpacks it, which is what tracebacks then show.
_ROOT_ON_LAMBDA = "/var/task"
# The oldest date that a zip file can have: what is in it would else differ from one day to the next.
_NO_DATE = (1980, 1, 1, 0, 0, 0)
# Of the releases of glibc that wheels are built for, those that Lambda's is not older than.
_PLATFORMS = [f"manylinux_2_{release}_x86_64" for release in (contents.MAX_GLIBC, 24, 17, 12, 5)] + [
    "manylinux2014_x86_64"
]
_PREFIX = "package-"
_SECONDS_AT_WORK = 600


@dataclass(frozen=True)
class Package:
    path: Path
    files: int
    unpacked: int
    seconds: float

    def __str__(self) -> str:
        megabytes = self.path.stat().st_size / 1e6
        where = self.path.relative_to(settings.BASE_DIR) if self.path.is_relative_to(settings.BASE_DIR) else self.path
        return (
            f"{where}: {megabytes:.1f} MB, {self.files:,} files, {self.unpacked / 1e6:.1f} MB unpacked, "
            f"made in {self.seconds:.0f} s"
        )


def make_package(path: Path, max_bytes: int = MAX_BYTES) -> Package:
    """Raises DeploymentError; what was at that path is replaced only by a package that can be used."""
    start = time.monotonic()
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear_leftovers(path.parent)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=path.parent) as directory:
        folder = Path(directory) / "task"
        _install(folder)
        contents.remove_unused(folder)
        lighten(folder)
        _compile(folder, "-b")
        for source in folder.rglob("*.py"):
            source.unlink()  # half a zip file; the project's own is kept for the lines that tracebacks show
        contents.copy_own(settings.BASE_DIR, folder)
        _compile(folder)
        contents.collect_static(folder / "staticfiles")
        if faults := list(contents.faults(folder)):
            raise DeploymentError("No package was made: " + " ".join(faults))
        made = Path(directory) / path.name
        files = _zip(folder, made)
        if made.stat().st_size > max_bytes:
            raise DeploymentError(_too_large(made, max_bytes))
        made.replace(path)
    return Package(path, len(files), sum(files.values()), time.monotonic() - start)


def _clear_leftovers(folder: Path) -> None:
    """Of those that were killed; one that is at work right now has touched its own a moment ago."""
    for left in folder.glob(f"{_PREFIX}*"):
        if left.stat().st_mtime < time.time() - _SECONDS_AT_WORK:
            shutil.rmtree(left)


def _install(folder: Path) -> None:
    """Wheels for Lambda's machine, whatever this one is. Which of them it can run is checked in `contents.faults`."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--target", str(folder), "--implementation", "cp", "--python-version", "3.11", "--only-binary", ":all:"]
    command += [option for platform in _PLATFORMS for option in ("--platform", platform)]
    command += ["--require-hashes", "--no-deps", "-r", str(settings.BASE_DIR / "requirements.txt")]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode:
        said = " ".join(line.strip() for line in result.stderr.splitlines() if line.strip())
        raise DeploymentError(
            f"What requirements.txt names could not be installed; is the network there? pip says: {said[-600:]}"
        )


def _compile(folder: Path, *options: str) -> None:
    """Bytecode that is taken without a look at its source, whose date in a zip file means nothing."""
    command = [sys.executable, "-I", "-m", "compileall", "-q", "-f", "-j", "0", "--invalidation-mode", "unchecked-hash"]
    command += [*options, "-s", str(folder), "-p", _ROOT_ON_LAMBDA, str(folder)]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode:
        raise DeploymentError(f"Not everything could be compiled: {result.stdout[-600:]}{result.stderr[-600:]}")


def _zip(folder: Path, path: Path) -> dict[str, int]:
    """The files with their sizes."""
    files = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), _NO_DATE)
            entry.external_attr = 0o100644 << 16  # a function runs as another user than whoever packed it
            entry.compress_type = zipfile.ZIP_DEFLATED
            content = file.read_bytes()
            archive.writestr(entry, content)
            files[entry.filename] = len(content)
    return files


def _too_large(path: Path, max_bytes: int) -> str:
    sizes: dict[str, int] = {}
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            top = entry.filename.partition("/")[0]
            sizes[top] = sizes.get(top, 0) + entry.compress_size
    largest = sorted(sizes, key=lambda name: sizes[name], reverse=True)[:5]
    return (
        f"The package has {path.stat().st_size / 1e6:.1f} MB, and {max_bytes / 1e6:.1f} is the most it may have. "
        "The largest: " + ", ".join(f"{name} ({sizes[name] / 1e6:.1f} MB)" for name in largest) + "."
    )
