"""The site in a thread of this process, behind a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any

import requests
from django.core.servers.basehttp import WSGIRequestHandler

from eventsite.management.commands.runserver import PromptServer
from eventsite.wsgi import application


@dataclass
class Server:
    """Sends requests to the site at its own address."""

    url: str

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        return requests.request(method, self.url + path, timeout=60, **options)

    def request_at_once(self, calls: list[tuple[str, str, dict[str, Any]]]) -> list[requests.Response]:
        """Each call: a method, a path and options."""
        with ThreadPoolExecutor(len(calls)) as clients:
            return list(clients.map(lambda call: self.request(call[0], call[1], **call[2]), calls))


class _ThreadedServer(ThreadingMixIn, PromptServer):
    daemon_threads = True


class _QuietRequestHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is the base class's
        pass


@contextmanager
def running_server() -> Iterator[Server]:
    site = _ThreadedServer(("127.0.0.1", 0), _QuietRequestHandler)
    site.set_app(application)
    thread = Thread(target=site.serve_forever, daemon=True)
    thread.start()
    yield Server(f"http://127.0.0.1:{site.server_port}")
    site.shutdown()
    site.server_close()
    thread.join()
