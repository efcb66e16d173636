"""The site with production settings on this machine: no DEBUG, keys, hashed static files, two gunicorn workers."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import requests

from eventsite.engine.process import free_port
from tests.support.project_copy import copy_project

WORKERS = 2
THREADS = 8
SECONDS_TO_START = 60
SECONDS_TO_STOP = 30


class ProductionSite:
    """A context manager that runs the site from a copy of the project, with its own static files."""

    def __init__(self, folder: Path, engine_url: str) -> None:
        copy_project(folder)
        self.folder, self.output = folder, folder / "output"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "DEBUG": "false",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "ALLOWED_HOSTS": "127.0.0.1",
            "EVENTS_API_ACCESS": "keyed",
            "DYNAMODB_ENDPOINT_URL": engine_url,
        }

    def __enter__(self) -> ProductionSite:
        # Only /docs uses the files of "ninja", and no user opens it here. To compress them takes 42 s of CPU time.
        collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "-v", "0", "--ignore", "ninja"]
        subprocess.run(collect, cwd=self.folder, env=self.environment, check=True)
        options = ["--bind", f"127.0.0.1:{self.port}", "--worker-class", "gthread", "--keep-alive", "60"]
        options += ["--workers", str(WORKERS), "--threads", str(THREADS)]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", *options, "eventsite.wsgi"],
                cwd=self.folder,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until = time.monotonic() + SECONDS_TO_START
        while not self._answers():
            assert time.monotonic() < until, self.output.read_text()
            time.sleep(0.05)
        return self

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=SECONDS_TO_START).ok
        except requests.ConnectionError:
            return False

    def __exit__(self, *error: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(SECONDS_TO_STOP)
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)

    def worker_pids(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def resident_megabytes(self) -> float:
        """The memory of all workers together."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.worker_pids())
        return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2
