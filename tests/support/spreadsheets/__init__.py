"""Files as people and programs write them. Each shows one difficulty; its name says which."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
NAMES = sorted(path.name for path in FOLDER.iterdir() if path.suffix in (".csv", ".xlsx", ".ods"))


def content_of(name: str) -> bytes:
    return (FOLDER / name).read_bytes()
