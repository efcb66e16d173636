"""The changes of all events: one endpoint, for programs that keep a copy."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Query

from events.api import schemas
from events.api.access import require_access_to_history
from events.api.parameters import StrictRouter
from events.api.responses import json_response

router = StrictRouter(auth=require_access_to_history, tags=["changes"])


@router.get("", operation_id="listChanges")
def list_changes(request: HttpRequest, query: Query[schemas.ChangesQuery]) -> HttpResponse:
    """List the changes of all events in order, each with the event as the change left it (`null`: deleted).

    Without `after` and `from`, there are no changes, only a token for now.
    """
    from events import changes  # noqa: PLC0415  # the API starts without it

    if query.after or query.start:
        page = changes.list_changes(query.after or changes.first(), query.limit or schemas.DEFAULT_PAGE_SIZE)
    else:
        page = changes.ChangesPage([], changes.latest())
    return json_response({"changes": page.changes, "next": page.next.text})
