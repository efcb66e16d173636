"""A copy of the project, for a site with its own data and static files."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings


def copy_project(folder: Path) -> None:
    """Copies everything that `manage.py` needs."""
    for name in ("eventsite", "events", "templates"):
        shutil.copytree(settings.BASE_DIR / name, folder / name)
    shutil.copy(settings.BASE_DIR / "manage.py", folder)
