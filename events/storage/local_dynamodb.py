"""DynamoDB Local as the site's own database: a write is complete only when it is on the disk."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from events.domain import StorageError
from events.storage.connection import WRITES, DynamoDB
from events.storage.models import EventItem
from eventsite.engine.data import DATA, check_disk, is_engine_of
from eventsite.engine.fetch import EngineError

_FLUSH = {"TableName": EventItem.Meta.table_name, "Key": {"eventId": {"S": "flush"}}}


class LocalDynamoDB(DynamoDB):
    """Raises StorageError if the address is the default one, and an engine of another folder runs there."""

    def __init__(self, region: str, url: str, *args: Any, **options: Any) -> None:
        super().__init__(region, url, *args, **options)
        self._port = urlsplit(url).port
        is_default = settings.DYNAMODB_LOCAL_PORT is None and self._port == settings.DYNAMODB_DEFAULT_PORT
        if is_default and not self._is_own():
            raise StorageError(
                f"No DynamoDB Local of this folder runs at {url}: start it with `manage.py dynamodb_local`, "
                "or set DYNAMODB_ENDPOINT_URL to another DynamoDB."
            )

    def call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        if operation not in WRITES:
            return super().call(operation, parameters)
        self.check()
        response = super().call(operation, parameters)
        super().call(
            "GetItem", _FLUSH
        )  # the engine commits a write after its response, but before it responds to the next call
        self.check()
        return response

    def check(self) -> None:
        """Raises StorageError if this folder's engine cannot store anything now. Other engines are not checked."""
        if self._is_own():
            try:
                check_disk(settings.DYNAMODB_LOCAL_DIRECTORY)
            except EngineError as error:
                raise StorageError(str(error)) from error

    def _is_own(self) -> bool:
        return is_engine_of(settings.DYNAMODB_LOCAL_DIRECTORY / DATA, self._port)
