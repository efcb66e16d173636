"""The events API: each endpoint parses the request, calls one service, and responds."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, cast
from urllib.parse import quote

import orjson
from django.http import HttpRequest, HttpResponse
from ninja import Header, Path, Query

from events import cursors, services
from events.api import schemas
from events.api.access import actor_of, require_access
from events.api.etags import refuse_conditions, required_revisions
from events.api.parameters import StrictRouter
from events.api.responses import empty_response, event_response, json_response, link_pages
from events.domain import Actor, EventChanges, EventFields, EventRange, IdempotencyKey
from events.paging import read_page

router = StrictRouter(auth=require_access, tags=["events"])

EventId = Annotated[str, Path(alias="eventId")]


@router.get("", operation_id="listEvents")
def list_events(request: HttpRequest, query: Query[schemas.ListQuery]) -> HttpResponse:
    """List events, in order of date, then eventId: all of them, or a page at a time with `limit`."""
    limit = query.limit or (schemas.DEFAULT_PAGE_SIZE if query.cursor or query.q else None)
    start: cursors.Start = query.cursor or cursors.Start(latest_first=query.order == "-date")
    within = EventRange(first_date=query.first_date, last_date=query.last_date)
    page = read_page(within, start, limit, query.statuses, query.q)
    response = json_response(page.events)
    starts = {"next": page.next, "prev": page.previous, "first": None if query.cursor is None else cursors.Start()}
    pages = {name: cursors.encode_start(start) for name, start in starts.items() if start is not None}
    link_pages(response, request, limit, pages)
    return response


@router.post("", operation_id="createEvent")
def create_event(
    request: HttpRequest,
    event: schemas.CreateEvent,
    key: schemas.IdempotencyKey = Header(None, alias="Idempotency-Key"),  # type: ignore[type-arg]  # noqa: B008
) -> HttpResponse:
    """Create an event."""
    refuse_conditions(request)
    fields = cast(EventFields, {**event.model_dump(), "eventId": event.eventId or ""})
    actor = actor_of(request)
    created = services.create_event(fields, actor, _idempotency_key(actor, key, fields) if key else None)
    response = event_response(created, 201)
    response["Location"] = f"{request.path}/{quote(created.fields['eventId'], safe='')}"
    return response


@router.get("/{eventId}", operation_id="getEvent")
def get_event(request: HttpRequest, event_id: EventId) -> HttpResponse:
    """Read one event."""
    return event_response(services.get_event(event_id))


@router.put("/{eventId}", operation_id="updateEvent")
def update_event(request: HttpRequest, changes: schemas.UpdateEvent, event_id: EventId) -> HttpResponse:
    """Change the fields that are sent; the others stay as they are."""
    changed = cast(EventChanges, changes.model_dump(exclude_unset=True))
    return event_response(services.update_event(event_id, changed, actor_of(request), required_revisions(request)))


@router.patch("/{eventId}", operation_id="patchEvent")
def patch_event(request: HttpRequest, changes: schemas.UpdateEvent, event_id: EventId) -> HttpResponse:
    """Change the fields that are sent, as PUT does. The body is a JSON merge patch."""
    return update_event(request, changes, event_id)


@router.delete("/{eventId}", operation_id="deleteEvent")
def delete_event(request: HttpRequest, event_id: EventId) -> HttpResponse:
    """Delete an event."""
    services.delete_event(event_id, actor_of(request), required_revisions(request))
    return empty_response(204)


def _idempotency_key(actor: Actor, key: str, fields: EventFields) -> IdempotencyKey:
    """Includes the caller's name, because two callers may choose the same key."""
    body = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
    return IdempotencyKey(sha256(f"{actor.name}\n{key}".encode()).hexdigest(), sha256(body).hexdigest())
