"""What a function reads at each start, made smaller in its package; what it does with it stays the same."""

from __future__ import annotations

import shutil
from pathlib import Path


def lighten(folder: Path) -> None:
    """The folder of installed packages: some 15 ms of a start are in Django's test framework.

    But for the one module of it that django-ninja imports, and with it would all the others.
    """
    package = folder / "django" / "test"
    for path in package.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "signals.py":
            path.unlink()
    (package / "__init__.py").touch()
