"""The events API: each endpoint parses, calls one service, and answers."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Any, cast
from urllib.parse import quote, urlencode

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags
from ninja import Header, Path, Query, Router

from events import cursors, services
from events.api import openapi, schemas
from events.api.access import actor_of, require_access
from events.domain import Actor, Event, EventChanges, EventFields, EventRange, IdempotencyKey

router = Router(auth=require_access, tags=["events"])

# A compressed answer is another representation, so its strong entity tag must differ (RFC 9110, 8.8.3).
COMPRESSED = "-gzip"


EventId = Annotated[str, Path(alias="eventId")]


@router.get("", **openapi.LIST)
def list_events(request: HttpRequest, query: Query[schemas.ListQuery]) -> HttpResponse:
    """List events, in order of date, then eventId: all of them, or a page at a time with `limit`."""
    limit = query.limit or (schemas.DEFAULT_PAGE_SIZE if query.cursor else None)
    within = EventRange(query.status, query.first_date, query.last_date, query.cursor)
    events, end = services.list_events(within, limit)
    response = _json(events)
    if end is not None:
        page = {**request.GET.dict(), "limit": limit, "cursor": cursors.encode(end)}
        response["Link"] = f'<{request.build_absolute_uri(request.path)}?{urlencode(page)}>; rel="next"'
    return response


@router.post("", **openapi.CREATE)
def create_event(
    request: HttpRequest,
    event: schemas.CreateEvent,
    key: schemas.IdempotencyKey = Header(None, alias="Idempotency-Key"),  # type: ignore[type-arg]  # noqa: B008
) -> HttpResponse:
    """Create an event."""
    fields = cast(EventFields, {**event.model_dump(), "eventId": event.eventId or ""})
    actor = actor_of(request)
    created = services.create_event(fields, actor, _own_key(actor, key, fields) if key else None)
    response = _event(created, 201)
    response["Location"] = f"{request.path}/{quote(created.fields['eventId'], safe='')}"
    return response


@router.get("/{eventId}", **openapi.GET)
def get_event(request: HttpRequest, event_id: EventId) -> HttpResponse:
    """Read one event."""
    event = services.get_event(event_id)
    if tag := _known_tag(request, event):
        return _empty(304, {"ETag": tag, "Vary": "Accept-Encoding"})
    return _event(event)


@router.put("/{eventId}", **openapi.UPDATE)
def update_event(request: HttpRequest, changes: schemas.UpdateEvent, event_id: EventId) -> HttpResponse:
    """Change an event: the fields that are sent, the others stay."""
    changed = cast(EventChanges, changes.model_dump(exclude_unset=True))
    return _event(services.update_event(event_id, changed, actor_of(request), _revisions(request)))


@router.delete("/{eventId}", **openapi.DELETE)
def delete_event(request: HttpRequest, event_id: EventId) -> HttpResponse:
    """Delete an event."""
    services.delete_event(event_id, actor_of(request), _revisions(request))
    return _empty(204)


def _json(content: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(orjson.dumps(content), status=status, content_type="application/json")


def _empty(status: int, headers: dict[str, str] | None = None) -> HttpResponse:
    response = HttpResponse(status=status, headers=headers)
    del response["Content-Type"]
    return response


def _event(event: Event, status: int = 200) -> HttpResponse:
    response = _json(event.fields, status)
    response["ETag"] = _etag(event)
    return response


def _etag(event: Event) -> str:
    return f'"{event.revision}"'


def _revision(etag: str) -> str:
    """The revision in a strong entity tag, or what can be none; a compressed answer's tag says so at its end."""
    return etag.strip('"').removesuffix(COMPRESSED) if etag.startswith('"') else etag


def _revisions(request: HttpRequest) -> services.Revisions:
    header = request.META.get("HTTP_IF_MATCH", "*")
    tags = parse_etags(header)
    return "*" if tags == ["*"] else [_revision(tag) for tag in tags]


def _known_tag(request: HttpRequest, event: Event) -> str | None:
    """The entity tag by which the client has this event already, if it has."""
    tags = [tag.removeprefix("W/") for tag in parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))]
    if tags == ["*"]:
        return _etag(event)
    return next((tag for tag in tags if _revision(tag) == event.revision), None)


def _own_key(actor: Actor, key: str, fields: EventFields) -> IdempotencyKey:
    """The caller's own: another may choose the same."""
    body = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
    return IdempotencyKey(sha256(f"{actor.name}\n{key}".encode()).hexdigest(), sha256(body).hexdigest())
