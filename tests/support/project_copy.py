"""A copy of the project, for a site whose data and static files are its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings


def copy_project(folder: Path) -> None:
    """All that `manage.py` needs to run there."""
    for name in ("eventsite", "events", "templates"):
        shutil.copytree(settings.BASE_DIR / name, folder / name)
    shutil.copy(settings.BASE_DIR / "manage.py", folder)
