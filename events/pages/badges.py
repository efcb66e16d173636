"""The colour of a status, as a class of the stylesheet: the same on every page."""

from __future__ import annotations

_COLOURS = {
    "active": "ok",
    "draft": "idle",
    "completed": "info",
    "postponed": "warn",
    "cancelled": "off",
    "canceled": "off",
}


def status_class(status: str) -> str:
    """The class of a label for this status, which may be any text."""
    return _COLOURS.get(status.strip().casefold(), "other")
