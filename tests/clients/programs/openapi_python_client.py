from __future__ import annotations

from datetime import date
from typing import Any

from client import AuthenticatedClient
from client.api.events import create_event, delete_event, get_event, list_events, update_event
from client.models import CreateEvent, ListEventsOrder, UpdateEvent
from scenario import KEY, URL, Result, run

NAMES = {"from": "from_"}
site = AuthenticatedClient(base_url=URL, token=KEY)


def result(response: Any) -> Result:
    body = response.parsed
    if isinstance(body, list):
        body = [event.to_dict() for event in body]
    elif body is not None:
        body = body.to_dict()
    return Result(int(response.status_code), body, response.headers)


class Generated:
    def create(self, event: dict[str, Any]) -> Result:
        return result(create_event.sync_detailed(client=site, body=CreateEvent.from_dict(event)))

    def read(self, event_id: str) -> Result:
        return result(get_event.sync_detailed(event_id, client=site))

    def list(self, **filters: Any) -> Result:
        types = {"from": date.fromisoformat, "to": date.fromisoformat, "order": ListEventsOrder}
        typed = {name: types[name](value) if name in types else value for name, value in filters.items()}
        return result(list_events.sync_detailed(client=site, **{NAMES.get(name, name): typed[name] for name in typed}))

    def update(self, event_id: str, changes: dict[str, Any], tag: str) -> Result:
        body = UpdateEvent.from_dict(changes)
        return result(update_event.sync_detailed(event_id, client=site, body=body, if_match=tag))

    def delete(self, event_id: str) -> Result:
        return result(delete_event.sync_detailed(event_id, client=site))


run(Generated())
