"""The init phase of the function in a new process, and what a copy of an initialised process renews (SnapStart)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.conf import settings

from eventsite.aws_calls import SECONDS_TO_START
from eventsite.engine.process import Engine
from tests.support.fake_service import POLL_SECONDS, answering

Respond = Callable[[int], str | None]
"""The response to a call, by its number from 0. None: never."""
KEY = json.dumps({"Parameter": {"Value": "a key that only this test uses " * 2}})
COPIES = 12

_FORK = f"""
import json, os, random, secrets, socket, sys, uuid
from eventsite import lambda_handler, restore
from django.conf import settings
from events.storage.connection import connection
from eventsite.accounts import keys
from events.storage import cached_queries

def idle():
    return connection().client._connections._idle

before = (idle()[0].sock.getsockname(), settings.SECRET_KEY, random.getstate())
assert not keys.remembered_keys and not cached_queries._results
for number in range({COPIES}):
    if os.fork() == 0:
        random.setstate(before[2])  # a fork seeds it again, but a copy of a machine does not
        if sys.argv[1] == "renew":
            restore.renew()
        sent = idle()[0].sock.getsockname() if idle() else None
        found = dict(jitter=random.uniform(0, 1), uuid=str(uuid.uuid4()), secret=secrets.token_hex(8), address=sent,
                     former=before[0], key=settings.SECRET_KEY, fallbacks=settings.SECRET_KEY_FALLBACKS)
        os.write(1, (json.dumps(found) + "\\n").encode())
        os._exit(0)
    os.wait()
"""


@contextmanager
def service(respond: Respond, seconds: float = 0) -> Iterator[str]:
    """A service that accepts every connection, and responds after some seconds, or never."""
    calls: list[None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            calls.append(None)
            text = respond(len(calls) - 1)
            time.sleep(20 if text is None else seconds)
            content = (text or "").encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:  # the caller gave up
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is the base class's
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def start(ssm: str, dynamodb: str, script: str, *arguments: str, **environment: str) -> tuple[Any, float]:
    """Runs the script as the function. Returns the process, and how long it took."""
    function = {
        "AWS_LAMBDA_FUNCTION_NAME": "events-dev",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL_SSM": ssm,
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb,
        "EVENTS_STAGE": "dev",
        "DYNAMODB_TABLE_NAME": "events",
        "SECRET_KEY_PARAMETER": "/events/dev/secret-key",
        "ALLOWED_HOSTS": "testserver",
        "PATH": os.environ["PATH"],
    }
    started = time.monotonic()
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=settings.BASE_DIR, env=function | environment
    )
    return done, time.monotonic() - started


def test_a_function_whose_services_hang_ends_with_a_clear_line() -> None:
    """The next start tries again."""
    with service(lambda number: None) as hanging:
        done, seconds = start(hanging, hanging, "import eventsite.lambda_handler")
    assert done.stderr.splitlines()[-1].startswith(
        "django.core.exceptions.ImproperlyConfigured: The secret key /events/dev/secret-key could not be read: ssm did"
    )
    assert seconds < 10


def test_a_function_starts_without_dynamodb_before_lambda_ends_its_init_phase() -> None:
    """The secret key comes with the second attempt, after 2.4 seconds or more; then DynamoDB hangs."""
    script = "import json, time; from eventsite.lambda_handler import handler; print(json.dumps(time.monotonic()))"
    with (
        service(lambda number: KEY if number >= 1 else None, seconds=0.8) as slow,
        service(lambda number: None) as hanging,
    ):
        done, seconds = start(slow, hanging, script)
    assert done.returncode == 0, done.stderr
    assert 4.8 < seconds < 10  # both hung


def test_the_limit_of_the_init_phase_ends_with_it() -> None:
    script = "import eventsite.lambda_handler; from eventsite import aws_calls; print(aws_calls._deadline)"
    with answering((200, KEY, {})) as (ssm, _), service(lambda number: "{}") as dynamodb:
        done, _seconds = start(ssm, dynamodb, script)
    assert (done.stdout, SECONDS_TO_START) == ("inf\n", 8), done.stderr


def test_the_handler_leaves_a_botocore_usable_that_was_imported_before_it() -> None:
    """As in tests of a deployment, where botocore imports awscrt."""
    script = "import botocore.compat, eventsite.lambda_handler as _, botocore.session; botocore.session.get_session()"
    with answering((200, KEY, {})) as (ssm, _), service(lambda number: "{}") as dynamodb:
        done, _seconds = start(ssm, dynamodb, script)
    assert done.returncode == 0, done.stderr


def copies(engine: Engine, mode: str) -> list[dict[str, Any]]:
    """What each copy of one initialised process says. Meanwhile, the secret key was rotated."""
    first = json.dumps({"Parameter": {"Value": "first " * 10}})
    second = json.dumps({"Parameter": {"Value": f"{'second ' * 10},{'first ' * 10}"}})
    with answering((200, first, {}), (200, second, {})) as (ssm, _):
        done, _seconds = start(ssm, engine.url, _FORK, mode)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_copies_of_a_process_share_nothing_that_must_be_unique(engine: Engine) -> None:
    found = copies(engine, "renew")
    assert len(found) == COPIES
    for name in ("jitter", "uuid", "secret"):
        assert len({copy[name] for copy in found}) == COPIES, name
    addresses = [tuple(copy["address"]) for copy in found]
    assert tuple(found[0]["former"]) not in addresses  # each has a connection of its own
    assert {copy["key"].split()[0] for copy in found} == {"second"}
    assert {copy["fallbacks"][0].split()[0] for copy in found} == {"first"}


def test_copies_that_renew_nothing_share_their_jitter_connection_and_key(engine: Engine) -> None:
    """So the test above can fail."""
    found = copies(engine, "nothing")
    assert len({copy["jitter"] for copy in found}) == 1
    assert {tuple(copy["address"]) for copy in found} == {tuple(found[0]["former"])}
    assert {copy["key"].split()[0] for copy in found} == {"first"}
    assert len({copy["uuid"] for copy in found}) == len({copy["secret"] for copy in found}) == COPIES


@pytest.mark.parametrize(("kind", "registered"), [("snap-start", "renew"), ("on-demand", "None")])
def test_a_function_with_snapstart_registers_what_runs_after_a_restore(kind: str, registered: str) -> None:
    script = (
        "import sys, types; found = []; module = types.ModuleType('snapshot_restore_py')\n"
        "module.register_after_restore = found.append; sys.modules['snapshot_restore_py'] = module\n"
        "import eventsite.lambda_handler; print(found[0].__name__ if found else None)"
    )
    with answering((200, KEY, {})) as (ssm, _), service(lambda number: "{}") as dynamodb:
        done, _seconds = start(ssm, dynamodb, script, AWS_LAMBDA_INITIALIZATION_TYPE=kind)
    assert done.stdout == f"{registered}\n", done.stderr
