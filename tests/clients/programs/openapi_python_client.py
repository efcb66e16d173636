from __future__ import annotations

from datetime import date
from typing import Any

from client import AuthenticatedClient
from client.api.changes import list_changes
from client.api.events import create_event, delete_event, get_event, list_events, patch_event, update_event
from client.api.history import list_event_history, restore_event, undo_change
from client.models import CreateEvent, Event, ListChangesFrom, ListEventsOrder, UpdateEvent, VersionToRestore
from scenario import KEY, URL, Result, run

NAMES = {"from": "from_"}
site = AuthenticatedClient(base_url=URL, token=KEY)


def result(response: Any) -> Result:
    body = response.parsed
    if isinstance(body, list):
        body = [item.to_dict() for item in body]
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

    def patch(self, event_id: str, changes: dict[str, Any], tag: str) -> Result:
        body = UpdateEvent.from_dict(changes)
        return result(patch_event.sync_detailed(event_id, client=site, body=body, if_match=tag))

    def history(self, event_id: str) -> Result:
        return result(list_event_history.sync_detailed(event_id, client=site))

    def restore(self, event_id: str, version: str, tag: str) -> Result:
        body = VersionToRestore(version)
        return result(restore_event.sync_detailed(event_id, client=site, body=body, if_match=tag))

    def undo(self, event_id: str, tag: str) -> Result:
        return result(undo_change.sync_detailed(event_id, client=site, if_match=tag))

    def delete(self, event_id: str) -> Result:
        return result(delete_event.sync_detailed(event_id, client=site))

    def changes(self, **query: Any) -> Result:
        typed = {name: ListChangesFrom(value) if name == "from" else value for name, value in query.items()}
        response = list_changes.sync_detailed(client=site, **{NAMES.get(name, name): typed[name] for name in typed})
        assert all(change.event is None or isinstance(change.event, Event) for change in response.parsed.changes)
        return result(response)


run(Generated())
