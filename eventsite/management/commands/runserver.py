"""manage.py runserver"""

from __future__ import annotations

import logging
import socket
import time
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.commands import runserver
from django.core.servers.basehttp import WSGIServer

from events.api.bodies import SECONDS_WITHOUT_A_BYTE
from events.domain import Actor, StorageError
from events.samples import load_samples
from events.storage.tables import create_tables
from eventsite.accounts import people
from eventsite.engine.command import require_free_port, storage, storage_failed
from eventsite.secret_addresses import mask

SECONDS_TO_CLOSE = 2


class TimedConnection(socket.socket):
    """If the client stops sending, treats the request as ended."""

    def recv_into(self, *arguments: Any) -> int:
        with suppress(TimeoutError):
            return super().recv_into(*arguments)
        return 0


class PromptServer(WSGIServer):
    """Sends each part of a response at once, and does not wait forever for the rest of a request."""

    def get_request(self) -> tuple[socket.socket, Any]:
        accepted, address = super().get_request()
        connection = TimedConnection(fileno=accepted.detach())
        # Nagle's algorithm would delay the body by 40 ms on a connection that is kept open.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(SECONDS_WITHOUT_A_BYTE)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Reads for a moment what the client still sends: to close at once could drop the response."""
        with suppress(OSError):
            request.shutdown(socket.SHUT_WR)
            end = time.monotonic() + SECONDS_TO_CLOSE
            while (left := end - time.monotonic()) > 0:
                request.settimeout(left)
                if not request.recv(65536):
                    break
        self.close_request(request)


def hide_feeds(record: logging.LogRecord) -> bool:
    """A filter for the request log: the address of a calendar feed is a secret."""
    if isinstance(record.args, tuple):
        record.args = tuple(mask(part) if isinstance(part, str) else part for part in record.args)
    return True


class Command(runserver.Command):
    help = "Serve the site on this machine. Creates tables, and sample events if there are none. Starts DynamoDB Local."
    addr: str
    port: str
    use_ipv6: bool
    default_port = str(settings.PORT)
    server_cls = PromptServer

    def run(self, **options: Any) -> None:
        require_free_port(int(self.port), "set PORT to another one")
        with storage(self._say) as self.storage_address:
            try:
                create_tables()
                load_samples()
                self._add_first_admin()
            except StorageError as error:
                raise storage_failed(error) from error
            self.check()
            logging.getLogger("django.server").addFilter(hide_feeds)
            super().run(**{**options, "skip_checks": True})  # already done, silently if all is well

    def _add_first_admin(self) -> None:
        if settings.ON_AWS:
            return
        security_log = logging.getLogger("eventsite.security")
        security_log.disabled = True  # its line would draw attention away from how to sign in; its row is stored
        try:
            password = people.create_first_admin("admin", Actor("runserver"))
        finally:
            security_log.disabled = False
        if password:
            self._say(f"{'Sign in':10}admin / {password}   (shown only now)")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def on_bind(self, server_port: int) -> None:
        site = f"http://[{self.addr}]:{server_port}" if self.use_ipv6 else f"http://{self.addr}:{server_port}"
        lines = {
            "Staff": f"{site}/staff/",
            "Events": f"{site}/events",
            "API docs": f"{site}/docs",
            "Health": f"{site}/healthz",
            "Storage": self.storage_address,
        }
        self.stdout.write("\n".join(f"{name:10}{address}" for name, address in lines.items()))
        self.stdout.write("Press Ctrl-C to stop.")
        self.stdout.flush()
