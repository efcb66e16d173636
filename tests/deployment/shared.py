"""What several builds of a test run share. Installing and compressing are half of a build, and the same in each."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from eventsite.deployment import contents, package
from eventsite.deployment.target import Target


def make_once(path: Path, make: Callable[[Path], object]) -> Path:
    """Returns the file or folder, which the first process makes. All others wait for it."""
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            with TemporaryDirectory(dir=path.parent) as directory:
                new = Path(directory, path.name)
                make(new)
                new.rename(path)
    return path


@contextmanager
def shared_parts(shared: Path) -> Iterator[None]:
    """Builds inside `with` copy the installed packages and the static files of the first one."""
    install, collect = package._install, contents.collect_static  # noqa: SLF001

    def install_once(folder: Path, target: Target) -> None:
        def make(new: Path) -> None:
            install(new, target)
            contents.remove_unused(new)  # so that there is less to copy

        shutil.copytree(make_once(shared / f"installed-{target.runtime}", make), folder)

    def collect_once(folder: Path) -> None:
        shutil.copytree(make_once(shared / "staticfiles", collect), folder)

    with patch.object(package, "_install", install_once), patch.object(contents, "collect_static", collect_once):
        yield
