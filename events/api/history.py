"""The endpoints of an event's history: its changes, restore and undo."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from ninja import Body, Query
from pydantic_core import PydanticUndefined

from events import cursors, services
from events.api import schemas
from events.api.access import actor_of, require_access_to_history
from events.api.endpoints import EventId
from events.api.etags import required_revisions
from events.api.parameters import StrictRouter
from events.api.responses import empty_response, event_response, json_response, link_pages
from events.domain import (
    FIELD_NAMES,
    ChangeSupersededError,
    FieldError,
    HistoryRow,
    InvalidRequestError,
    RevisionMismatchError,
)

# events.versions and events.undo are imported by the endpoints, because the API starts without them.

router = StrictRouter(auth=require_access_to_history, tags=["history"])

# In bytes. Lambda writes a byte as up to three and can send 6 MB; one entry has at most 0.7 MB.
MAX_PAGE_BYTES = 1_000_000


@router.get("/{eventId}/history", operation_id="listEventHistory")
def list_event_history(request: HttpRequest, query: Query[schemas.HistoryQuery], event_id: EventId) -> HttpResponse:
    """List the changes of one event, latest first, also of a deleted one. A page of long texts has fewer entries."""
    from events import versions  # noqa: PLC0415

    limit = query.limit or schemas.DEFAULT_PAGE_SIZE
    rows, more = versions.get_history(event_id, limit, query.before)
    entries = _that_fit(rows)
    response = json_response([orjson.Fragment(entry) for entry in entries])
    if more or len(entries) < len(rows):
        last = rows[len(entries) - 1]
        link_pages(response, request, limit, {"next": cursors.encode(f"{last.at}#{event_id}")})
    return response


def _that_fit(rows: list[HistoryRow]) -> list[bytes]:
    """The first entries, as JSON, up to the limit of a page. The next ones are not read: a row can be compressed."""
    entries: list[bytes] = []
    length = 0
    for row in rows:
        entry = orjson.dumps(_entry(row))
        length += len(entry)
        if entries and length > MAX_PAGE_BYTES:
            break
        entries.append(entry)
    return entries


def _entry(row: HistoryRow) -> dict[str, Any]:
    before, after = row.before or {}, row.after or {}
    changed = [name for name in FIELD_NAMES if name != "eventId" and (name in before or name in after)]
    return {
        "version": row.at,
        "at": row.at,
        "action": row.action,
        "actor": row.actor,
        "changes": {name: {"before": before.get(name), "after": after.get(name)} for name in changed},
        "revision": row.revision,
        "restored": row.restored,
        "batch": row.batch,
    }


@router.post("/{eventId}/restore", operation_id="restoreEvent")
def restore_event(request: HttpRequest, chosen: schemas.VersionToRestore, event_id: EventId) -> HttpResponse:
    """Give the event the fields of an earlier version again. A deleted event is created again."""
    from events import versions  # noqa: PLC0415

    restore = (event_id, chosen.version, required_revisions(request), actor_of(request))
    try:
        event = versions.restore_version(*restore)
    except RevisionMismatchError:
        if not versions.has_restored(*restore):
            raise
        event = services.get_event(event_id)  # the same request was sent twice
    return event_response(event)


@router.post("/{eventId}/undo", operation_id="undoChange")
def undo_change(
    request: HttpRequest,
    event_id: EventId,
    chosen: schemas.ChangeToUndo = Body(  # type: ignore[type-arg]  # noqa: B008
        PydanticUndefined, default_factory=schemas.ChangeToUndo
    ),
) -> HttpResponse:
    """Undo the event's latest change. `version` or `If-Match` names it, so that a retry cannot undo two changes.

    The undo of a create deletes the event, and returns 204.
    """
    from events import undo, versions  # noqa: PLC0415

    if not chosen.version and request.META.get("HTTP_IF_MATCH", "*").strip() == "*":
        raise InvalidRequestError([FieldError("version", "is required if If-Match names no revision", "required")])
    change = (event_id, chosen.version or None, actor_of(request), required_revisions(request))
    try:
        event = undo.undo_change(*change)
    except (ChangeSupersededError, RevisionMismatchError):
        if not undo.has_undone(*change):
            raise
        event = versions.get_current(event_id)  # the same request was sent twice
    return event_response(event) if event else empty_response(204)
