"""Business logic between the router and the repository."""

from __future__ import annotations

import uuid

from .repository import DynamoDBRepository


class NotFound(Exception):
    pass


class EventService:
    def __init__(self, repository: DynamoDBRepository) -> None:
        self.repository = repository

    def create_event(self, data: dict) -> dict:
        event = {**data, "eventId": data.get("eventId") or str(uuid.uuid4())}
        self.repository.put_item(event)
        return event

    def get_event(self, event_id: str) -> dict:
        event = self.repository.get_item(event_id)
        if event is None:
            raise NotFound(event_id)
        return event

    def list_events(self, status: str | None) -> list[dict]:
        return self.repository.scan_items(status)

    def update_event(self, event_id: str, updates: dict) -> dict:
        event = self.get_event(event_id)
        return self.repository.update_item(event_id, updates) if updates else event

    def delete_event(self, event_id: str) -> None:
        self.get_event(event_id)
        self.repository.delete_item(event_id)
