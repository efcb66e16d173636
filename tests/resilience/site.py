"""The real site: gunicorn and a DynamoDB Local with its data in files. Both can be killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

import requests
from django.conf import settings

from eventsite.engine.fetch import find_engine
from eventsite.engine.process import Engine, free_port

SECONDS_TO_START = 120
THREADS = 8


class KillableSite:
    """A context manager that runs the site with empty tables. Data and logs are in a folder."""

    def __init__(self, folder: Path, installed: Engine) -> None:
        home = find_engine(installed.directory, installed.home)
        self.engine = Engine(folder, free_port(), data=folder / "data", home=str(home))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = folder / "gunicorn.log"
        self.server: subprocess.Popen[bytes] | None = None

    def start_server(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "eventsite.wsgi", "--bind", f"127.0.0.1:{self.port}"]
        command += ["--threads", str(THREADS), "--keep-alive", "30", "--no-control-socket"]
        # Without an endpoint, the site uses the embedded engine: each write waits until it is in the engine's file.
        environment = {"PATH": os.environ["PATH"], "DYNAMODB_LOCAL_PORT": str(self.engine.port)}
        with self.output.open("ab") as output:
            self.server = subprocess.Popen(
                command, cwd=settings.BASE_DIR, env=environment, stdout=output, stderr=output, start_new_session=True
            )

    def kill_server(self) -> None:
        if self.server is not None:
            os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()
            self.server = None

    def bring_back(self) -> None:
        """Starts the processes that do not run and waits until the site is healthy."""
        if self.server is None:
            self.start_server()
        if not self.engine.is_running():
            self.engine.start()
        until = time.monotonic() + SECONDS_TO_START
        while not self._is_well():
            assert time.monotonic() < until, self.output.read_text()[-5000:]
            time.sleep(0.05)

    def _is_well(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=60).status_code == 200
        except requests.ConnectionError:
            return False

    def __enter__(self) -> KillableSite:
        self.engine.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill_server()
        self.engine.kill()
