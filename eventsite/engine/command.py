"""The base of every management command that needs storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from events.domain import StorageError
from eventsite.engine.fetch import EngineError
from eventsite.engine.process import Engine, is_dynamodb, port_is_free


@contextmanager
def storage() -> Iterator[str]:
    """Storage that answers, where settings say it is: AWS, an engine that runs, or one started while this lasts.

    Yields where it is, in words. Raises CommandError.
    """
    if not settings.DYNAMODB_EMBEDDED:
        yield settings.DYNAMODB_ENDPOINT_URL or f"AWS, {settings.AWS_REGION}"
        return
    port = settings.DYNAMODB_LOCAL_PORT
    if is_dynamodb(port):
        yield f"{settings.DYNAMODB_ENDPOINT_URL} (DynamoDB Local)"
        return
    if not port_is_free(port):
        raise CommandError(
            f"Port {port} is in use, and not by DynamoDB: set DYNAMODB_LOCAL_PORT to a free one, "
            "or DYNAMODB_ENDPOINT_URL to where DynamoDB is."
        )
    data = settings.DYNAMODB_LOCAL_DIRECTORY / "data"
    engine = Engine(settings.DYNAMODB_LOCAL_DIRECTORY, port, data, settings.DYNAMODB_LOCAL_HOME)
    try:
        engine.start()
    except EngineError as error:
        raise CommandError(str(error)) from error
    try:
        yield f"{engine.url} (DynamoDB Local)"
    finally:
        engine.stop()


def storage_failed(error: StorageError) -> CommandError:
    """What a person is told who started a command; a page of HTML from what is no DynamoDB is not."""
    return CommandError(f"DynamoDB does not do it: {str(error).partition(chr(10))[0][:300]}")


def require_free_port(port: int, advice: str) -> None:
    """Raises CommandError if nothing could listen there."""
    if not 0 < port < 65536:
        raise CommandError(f"{port} is no port number.")
    if not port_is_free(port):
        raise CommandError(f"Port {port} is in use: {advice}.")


class StorageCommand(BaseCommand):
    """Finds or starts storage around the command, and says in a sentence if there is none."""

    requires_system_checks = ()

    def execute(self, *args: Any, **options: Any) -> str | None:
        with storage():
            try:
                return super().execute(*args, **options)
            except StorageError as error:
                raise storage_failed(error) from error
