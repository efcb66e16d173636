"""The base of every management command that needs storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, OutputWrapper

from events.domain import StorageError
from eventsite.engine.data import DATA, DataInUseError, is_engine_of
from eventsite.engine.fetch import EngineError
from eventsite.engine.process import Engine, find_running, free_port, is_dynamodb, port_is_free


@contextmanager
def storage(say: Callable[[str], None] = lambda line: None) -> Iterator[str]:
    """Connects to the DynamoDB of the settings: AWS, one that is running, or one started for the time of the context.

    Yields a description of where it is. Raises CommandError.
    """
    if not settings.DYNAMODB_EMBEDDED:
        yield settings.DYNAMODB_ENDPOINT_URL or f"AWS, {settings.AWS_REGION}"
        return
    before = settings.DYNAMODB_ENDPOINT_URL
    with ExitStack() as started:
        try:
            port = _find_engine() or _start_engine(started, say)
        except EngineError as error:
            raise CommandError(str(error)) from error
        settings.DYNAMODB_ENDPOINT_URL = f"http://127.0.0.1:{port}"
        try:
            yield f"{settings.DYNAMODB_ENDPOINT_URL} (DynamoDB Local)"
        finally:
            settings.DYNAMODB_ENDPOINT_URL = before


def _find_engine() -> int | None:
    """The port of a running DynamoDB: any on the port that was set; otherwise only this folder's own."""
    port: int | None = settings.DYNAMODB_LOCAL_PORT
    if port and is_dynamodb(port):
        return port
    data = settings.DYNAMODB_LOCAL_DIRECTORY / DATA
    running = find_running(data)
    if port and running and running != port:
        raise CommandError(
            f"Another DynamoDB Local uses the data in {data}; stop it first. "
            f"If DYNAMODB_LOCAL_PORT is not set, that one (on port {running}) is used."
        )
    return running


def _start_engine(started: ExitStack, say: Callable[[str], None]) -> int:
    """Starts an engine on the port that was set, or on a free one. It stops when `started` closes. Returns the port."""
    port: int = settings.DYNAMODB_LOCAL_PORT or settings.DYNAMODB_DEFAULT_PORT
    if not port_is_free(port):
        if settings.DYNAMODB_LOCAL_PORT:
            raise CommandError(
                f"Port {port} is in use by another program: set DYNAMODB_LOCAL_PORT to a free port, "
                "or DYNAMODB_ENDPOINT_URL to the address of a DynamoDB."
            )
        user = "the DynamoDB of another folder" if is_dynamodb(port) else "another program"
        taken, port = port, free_port()
        say(f"Port {taken} is in use by {user}, so DynamoDB Local starts on port {port}.")
    directory = settings.DYNAMODB_LOCAL_DIRECTORY
    engine = Engine(directory, port, directory / DATA, settings.DYNAMODB_LOCAL_HOME)
    try:
        engine.start()
    except DataInUseError:
        running = _find_engine()  # another process started it just now
        if running is None:
            raise
        return running
    started.callback(engine.stop)
    return port


def storage_failed(error: StorageError) -> CommandError:
    """The error for the person who runs a command, without the HTML page that another server may have sent."""
    return CommandError(f"DynamoDB failed: {str(error).partition(chr(10))[0][:300]}")


def require_free_port(port: int, advice: str) -> None:
    """Raises CommandError if the port is in use, or is not a port."""
    if not 0 < port < 65536:
        raise CommandError(f"{port} is not a port number.")
    if not port_is_free(port):
        raise CommandError(f"Port {port} is in use; {advice}.")


def _own_data() -> str:
    data = settings.DYNAMODB_LOCAL_DIRECTORY / DATA
    own = settings.DYNAMODB_EMBEDDED and is_engine_of(data, urlsplit(settings.DYNAMODB_ENDPOINT_URL).port)
    return f", data in {data}" if own else ""


class StorageCommand(BaseCommand):
    """A command with storage: finds or starts DynamoDB, prints where it is, and shows storage errors in a sentence."""

    requires_system_checks = ()

    def execute(self, *args: Any, **options: Any) -> str | None:
        notes = OutputWrapper(options["stderr"]) if options.get("stderr") else self.stderr

        def say(line: str) -> None:
            if options["verbosity"] and not settings.ON_LAMBDA:  # there, the output of a command may be a file
                notes.write(line, str)

        with storage(say) as where:
            say(f"Storage: {where}{_own_data()}, table {settings.DYNAMODB_TABLE_NAME}")
            try:
                return super().execute(*args, **options)
            except StorageError as error:
                raise storage_failed(error) from error
