"""The package that would go to AWS, made once for the whole run, and processes that find nothing else."""

from __future__ import annotations

import fcntl
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from eventsite.deployment.package import make_package
from eventsite.deployment.stages import read_stage
from eventsite.deployment.steps import Deploy
from eventsite.engine.process import Engine
from eventsite.management.commands import stack as command
from eventsite.stack import progress
from tests.deployment.fake_aws import MadeAWS
from tests.deployment.isolated import Isolated


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip file; every worker of a run takes the one that the first of them made."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    path = folder / "events-test.zip"
    with (folder / "events-test.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            make_package(path)
    return path


@pytest.fixture(scope="session")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def isolated(unpacked: Path, engine: Engine) -> Iterator[Isolated]:
    """The function as it is on an address with a stage before it."""
    with Isolated(unpacked, engine.url, "/dev") as process:
        yield process


@pytest.fixture(scope="module")
def isolated_on_domain(unpacked: Path, engine: Engine) -> Iterator[Isolated]:
    """The function as it is on a domain of its own."""
    with Isolated(unpacked, engine.url, "") as process:
        yield process


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[MadeAWS]:
    """AWS as `manage.py stack` finds it: every answer made up beforehand, and each one asked for."""
    made = MadeAWS()
    monkeypatch.setattr(command, "Clients", lambda stage: made)
    monkeypatch.setattr(progress, "PAUSE_SECONDS", 0)
    yield made
    made.is_done()


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Deploy:
    """One that has come as far as its function, which is put back by writing a word."""
    deploy = Deploy(read_stage("dev"), lambda line: None)
    deploy.function = SimpleNamespace(restore=lambda before: before.code.write_text("restored"))  # type: ignore[assignment]
    return deploy


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests that run beside each other would else find each other's deploys."""
    monkeypatch.setattr("eventsite.deployment.steps.FOLDER", str(tmp_path / "dist"))
