"""Starts and stops DynamoDB Local, and finds a running one."""

from __future__ import annotations

import http.client
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from eventsite.engine.data import LOG, check_database, lock_owner, locked
from eventsite.engine.fetch import JAR, EngineError, find_engine, find_java, make_private

SECONDS_TO_START = 60
SECONDS_TO_STOP = 10

# The first bytes of the log are written in advance: on a full disk, the engine can still log its errors there.
_LOG_BYTES = 16 * 1024

# Java's quick compiler and its simplest collector: the engine starts in half the CPU time, and serves its first 3,000
# writes in 40 % of it.
_QUICK_START = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")

# Runs the engine until it ends, or until standard input closes, as it does even if the parent is killed with -9.
_GUARD = """
exec 3<&0
"$@" </dev/null 3<&- &
engine=$!
{ read -r _ <&3; kill "$engine"; } 2>/dev/null &
guard=$!
wait "$engine"
status=$?
kill "$guard" 2>/dev/null
exit "$status"
"""


class Engine:
    """A DynamoDB Local on a port of this machine, with its data in a folder or (`data=None`) in memory.

    As a context manager, it starts the engine and stops it at the end. Raises EngineError.
    `busy`: for load that lasts. It starts slowly, and later serves twice as many requests.
    """

    def __init__(
        self, directory: Path, port: int, data: Path | None, home: str | None = None, busy: bool = False
    ) -> None:
        self.directory = directory
        self.port = port
        self.data = data
        self.home = home
        self.busy = busy
        self.token = secrets.token_hex(8)  # identifies this engine
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.directory / ("engine-in-memory.log" if self.data is None else LOG)

    def start(self) -> None:
        java = find_java(self.directory)
        engine = find_engine(self.directory, self.home)
        command = [
            java,
            *(() if self.busy else _QUICK_START),
            "-Djava.library.path=DynamoDBLocal_lib",
            "-jar",
            JAR,
            "-port",
            str(self.port),
        ]
        command += ["-sharedDb", "-disableTelemetry", "-cors", f"http://127.0.0.1,{_origin(self.token)}"]
        command += ["-inMemory"] if self.data is None else ["-dbPath", str(self.data.resolve())]
        try:
            make_private(self.directory)
            with self._lock() as descriptors, self.log.open("wb") as log:
                log.write(b"\n" * _LOG_BYTES)
                log.seek(0)
                self.process = subprocess.Popen(
                    ["/bin/sh", "-c", _GUARD, "sh", *command],
                    cwd=engine,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=descriptors,
                    start_new_session=True,  # Ctrl-C must reach only the server, which then stops the engine
                )
        except OSError as error:
            raise EngineError(f"DynamoDB Local could not be started: {error}.") from error
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    @contextmanager
    def _lock(self) -> Iterator[list[int]]:
        """Yields the file descriptors that the engine must hold: none if it works in memory."""
        if self.data is None:
            yield []
            return
        with locked(self.data, f"{self.port} {self.token}") as descriptor:
            check_database(self.data)
            yield [descriptor]

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        until = time.monotonic() + SECONDS_TO_START
        while not is_dynamodb(self.port, self.token):
            if self.process.poll() is not None:
                raise EngineError(f"DynamoDB Local stopped at once. The last line of {self.log}: {self._last_line()}")
            if time.monotonic() > until:
                raise EngineError(
                    f"DynamoDB Local does not respond on port {self.port} after {SECONDS_TO_START} seconds."
                )
            time.sleep(0.05)

    def _last_line(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "(empty)"

    def stop(self) -> None:
        if self.process is None:
            return
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """Stops the engine at once, like a power cut."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()
            self.process = None

    def __enter__(self) -> Engine:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def find_running(data: Path) -> int | None:
    """Waits for the engine that uses the data, and returns its port; None if no engine does. Raises EngineError."""
    until = time.monotonic() + SECONDS_TO_START
    while (owner := lock_owner(data)) is not None:
        port, _, token = owner.partition(" ")
        if token and is_dynamodb(int(port), token):
            return int(port)
        if time.monotonic() > until:
            raise EngineError(f"The DynamoDB Local that uses the data in {data} does not respond; stop it first.")
        time.sleep(0.1)
    return None


def is_dynamodb(port: int, token: str | None = None) -> bool:
    """Whether a DynamoDB responds on this port: only DynamoDB refuses an unsigned request in this way.

    With a token: whether it is the engine with this token, because only that one allows the token as an origin.
    """
    origin = _origin(token) if token else None
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/", headers={"Origin": origin} if origin else {})
        response = connection.getresponse()
        return (
            response.status == 400
            and b"com.amazonaws.dynamodb" in response.read(1000)
            and (origin is None or response.headers["Access-Control-Allow-Origin"] == origin)
        )
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _origin(token: str) -> str:
    return f"http://{token}.invalid"  # no web page can have this origin


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port of the loopback address that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
