"""Creates dist/events-STAGE.zip, everything that the function runs. The same sources give the same bytes."""

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
from eventsite.deployment.target import Target
from eventsite.stack.stage import Stage

MAX_BYTES = 15_000_000
# The folder in Lambda, which tracebacks then show.
_ROOT_ON_LAMBDA = "/var/task"
# The oldest date that a zip file can hold. With real dates, the file would differ each day.
_NO_DATE = (1980, 1, 1, 0, 0, 0)
_PREFIX = "package-"
_MAX_SECONDS = 600


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
            f"built in {self.seconds:.0f} s"
        )


def package_path(stage: Stage) -> Path:
    return Path(settings.BASE_DIR, "dist", f"{stage.names.function}.zip")


def make_package(path: Path, target: Target, max_bytes: int = MAX_BYTES) -> Package:
    """Replaces the file at `path` only if the new package passes all checks. Raises DeploymentError."""
    start = time.monotonic()
    python = target.python()
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear_leftovers(path.parent)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=path.parent) as directory:
        folder = Path(directory) / "task"
        _install(folder, target)
        contents.remove_unused(folder)
        contents.remove_unused_icons(settings.BASE_DIR, folder)
        contents.remove_symbols(folder)
        contents.compile_templates(folder / settings.COMPILED_TEMPLATES.name)
        _compile(python, folder, keep_source=False)  # source is half of the zip
        contents.copy_own(settings.BASE_DIR, folder)
        _compile(python, folder, keep_source=True)  # for tracebacks
        contents.collect_static(folder / "staticfiles")
        if errors := list(contents.errors(folder, target)):
            raise DeploymentError("No package was created: " + " ".join(errors))
        new = Path(directory) / path.name
        files = _zip(folder, new)
        if new.stat().st_size > max_bytes:
            raise DeploymentError(_too_large(new, max_bytes))
        new.replace(path)
    return Package(path, len(files), sum(files.values()), time.monotonic() - start)


def _clear_leftovers(folder: Path) -> None:
    """Removes the folders of builds that were killed: those that are older than any build may run."""
    for left in folder.glob(f"{_PREFIX}*"):
        if left.stat().st_mtime < time.time() - _MAX_SECONDS:
            shutil.rmtree(left)


def _install(folder: Path, target: Target) -> None:
    """Installs wheels for Lambda's machine, not for this one. `contents.errors` checks that they run there."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--target", str(folder), "--only-binary", ":all:"]
    command += ["--implementation", "cp", "--python-version", target.version]
    command += [option for platform in target.platforms for option in ("--platform", platform)]
    command += ["--require-hashes", "--no-deps", "-r", str(settings.BASE_DIR / "requirements.txt")]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode:
        output = " ".join(line.strip() for line in result.stderr.splitlines() if line.strip())
        raise DeploymentError(f"pip could not install requirements.txt. Is there a network? {output[-600:]}")


def _compile(python: str, folder: Path, *, keep_source: bool) -> None:
    """Compiles to bytecode that Python uses without checking the source's date, which a zip file does not keep."""
    command = [python, "-I", "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
    if not keep_source:
        # Without columns, nearly a quarter of the bytecode: a traceback marks them only where it shows source.
        # No `-j`: on macOS, the processes of compileall would write them after all.
        command[1:1] = ["-X", "no_debug_ranges"]
        command.append("-b")  # beside the source, so that Python finds it alone
    command += ["-s", str(folder), "-p", _ROOT_ON_LAMBDA, str(folder)]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode:
        raise DeploymentError(f"Compiling failed: {result.stdout[-600:]}{result.stderr[-600:]}")
    if not keep_source:
        for source in folder.rglob("*.py"):
            source.unlink()


def _zip(folder: Path, path: Path) -> dict[str, int]:
    """Returns the size of each file."""
    files = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), _NO_DATE)
            entry.external_attr = 0o100644 << 16  # readable for the user that Lambda runs as
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
        f"The package has {path.stat().st_size / 1e6:.1f} MB; the limit is {max_bytes / 1e6:.1f} MB. The largest: "
        + ", ".join(f"{name} ({sizes[name] / 1e6:.1f} MB)" for name in largest)
        + "."
    )
