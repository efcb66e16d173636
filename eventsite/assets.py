"""Bootstrap's stylesheet, taken from its package, for Django's static files.

Bootstrap's dark colours need an attribute. A script could set it, but only after the page has flashed in light colours.
So the dark colours are also served as a separate stylesheet, which pages link for systems in dark mode.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from bootstrap_wrapper import __version__, get_bootstrap_css_dir
from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

_DARK = "[data-bs-theme=dark]"
_DARK_RULE = re.compile(r"(?:(?<=[{}])|^)" + re.escape(_DARK) + r"[^{}]*\{[^{}]*\}")
_SOURCE_MAP = re.compile(r"/\*# sourceMappingURL=.*?\*/")


def _without_source_map(css: str) -> str:
    return _SOURCE_MAP.sub("", css)


def _dark_rules(css: str) -> str:
    return "".join(rule.replace(_DARK, ":root") for rule in _DARK_RULE.findall(css))


_FILES: dict[str, Callable[[str], str]] = {
    "bootstrap/bootstrap.min.css": _without_source_map,
    "bootstrap/dark.min.css": _dark_rules,
}


class BootstrapFinder(BaseFinder):
    """Finds the two stylesheets, and generates them once for each version of Bootstrap."""

    @cached_property
    def storage(self) -> FileSystemStorage:
        folder: Path = settings.BASE_DIR / ".assets" / __version__
        css = (get_bootstrap_css_dir() / "bootstrap.min.css").read_text(encoding="utf-8")
        for name, generate in _FILES.items():
            file = folder / name
            content = generate(css)
            if not file.exists() or file.read_text(encoding="utf-8") != content:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content, encoding="utf-8")
        storage = FileSystemStorage(folder)
        storage.prefix = ""  # type: ignore[attr-defined]  # required by collectstatic
        return storage

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        found = self.storage.path(path) if path in _FILES else None
        return ([found] if found else []) if find_all else (found or [])

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        for name in _FILES:
            yield name, self.storage
