"""Fixtures: the package, built once for the whole run, processes that run it, and a fake AWS."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventsite.deployment.package import make_package
from eventsite.deployment.steps import Deploy
from eventsite.deployment.target import Target
from eventsite.engine.process import Engine
from eventsite.management.commands import stack as command
from eventsite.stack import progress
from eventsite.stack.stage import read_stage
from tests.deployment.fake_aws import FakeAWS
from tests.deployment.isolated import ARCHITECTURE, Isolated
from tests.deployment.shared import make_once, shared_parts


@pytest.fixture(scope="session", params=["python3.13", "python3.11"])
def target(request: pytest.FixtureRequest) -> Target:
    """The oldest and the newest Python that a stage can select."""
    return Target(request.param, ARCHITECTURE)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def package(target: Target, shared_folder: Path) -> Path:
    """The zip file. The first worker builds it, and all workers share it."""
    with shared_parts(shared_folder):
        return make_once(shared_folder / f"events-{target.runtime}.zip", lambda path: make_package(path, target))


@pytest.fixture(scope="session")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def isolated(unpacked: Path, target: Target, engine: Engine) -> Iterator[Isolated]:
    """The function behind an address with a stage prefix."""
    with Isolated(unpacked, target.python(), engine.url, "/dev") as process:
        yield process


@pytest.fixture(scope="module")
def isolated_on_domain(unpacked: Path, target: Target, engine: Engine) -> Iterator[Isolated]:
    """The function behind its own domain."""
    with Isolated(unpacked, target.python(), engine.url, "") as process:
        yield process


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAWS]:
    """A fake AWS for `manage.py stack`. The test lists every call with its response."""
    fake = FakeAWS()
    monkeypatch.setattr(command, "Clients", lambda stage, say: fake)
    monkeypatch.setattr(progress, "PAUSE_SECONDS", 0)
    yield fake
    fake.assert_all_called()


@pytest.fixture
def deploy() -> Deploy:
    return Deploy(read_stage("dev"), lambda line: None)


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its own folder for each test, because tests run at the same time and deploys lock each other."""
    monkeypatch.setattr("eventsite.deployment.steps.FOLDER", str(tmp_path / "dist"))
