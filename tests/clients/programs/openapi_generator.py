from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

from client import (
    ApiClient,
    ChangesApi,
    Configuration,
    CreateEvent,
    Event,
    EventsApi,
    HistoryApi,
    UpdateEvent,
    VersionToRestore,
)
from client.exceptions import ApiException
from scenario import KEY, URL, Result, run

NAMES = {"from": "var_from"}
connection = ApiClient(Configuration(host=URL, access_token=KEY))
site, history, changes = EventsApi(connection), HistoryApi(connection), ChangesApi(connection)


def result(call: Callable[..., Any], *arguments: Any, **named: Any) -> Result:
    try:
        response = call(*arguments, **named)
    except ApiException as error:
        return Result(error.status, json.loads(error.body), error.headers)
    data = response.data
    body = [json.loads(item.to_json()) for item in data] if isinstance(data, list) else data
    return Result(
        response.status_code,
        body if body is None or isinstance(body, list) else json.loads(body.to_json()),
        response.headers,
    )


class Generated:
    def create(self, event: dict[str, Any]) -> Result:
        return result(site.create_event_with_http_info, CreateEvent.from_dict(event))

    def read(self, event_id: str) -> Result:
        return result(site.get_event_with_http_info, event_id)

    def list(self, **filters: Any) -> Result:
        named = {NAMES.get(name, name): value for name, value in filters.items()}
        days = {name: date.fromisoformat(named[name]) for name in ("var_from", "to") if name in named}
        return result(site.list_events_with_http_info, **named | days)

    def update(self, event_id: str, changes: dict[str, Any], tag: str) -> Result:
        return result(site.update_event_with_http_info, event_id, UpdateEvent.from_dict(changes), if_match=tag)

    def patch(self, event_id: str, changes: dict[str, Any], tag: str) -> Result:
        return result(site.patch_event_with_http_info, event_id, UpdateEvent.from_dict(changes), if_match=tag)

    def history(self, event_id: str) -> Result:
        return result(history.list_event_history_with_http_info, event_id)

    def restore(self, event_id: str, version: str, tag: str) -> Result:
        return result(history.restore_event_with_http_info, event_id, VersionToRestore(version=version), if_match=tag)

    def undo(self, event_id: str, tag: str) -> Result:
        return result(history.undo_change_with_http_info, event_id, if_match=tag)

    def delete(self, event_id: str) -> Result:
        return result(site.delete_event_with_http_info, event_id)

    def changes(self, **query: Any) -> Result:
        named = {NAMES.get(name, name): value for name, value in query.items()}
        page = changes.list_changes(**named)
        assert all(change.event is None or isinstance(change.event, Event) for change in page.changes)
        return result(changes.list_changes_with_http_info, **named)


run(Generated())
