"""The colour of a status, as Bootstrap's classes: the same on every page."""

from __future__ import annotations

_COLOURS = {
    "active": "success",
    "draft": "secondary",
    "completed": "info",
    "postponed": "warning",
    "cancelled": "danger",
    "canceled": "danger",
}
_OTHER = "primary"


def status_class(status: str) -> str:
    """The classes of a badge for this status, which may be any text."""
    colour = _COLOURS.get(status.strip().casefold(), _OTHER)
    return f"bg-{colour}-subtle text-{colour}-emphasis border border-{colour}-subtle"
