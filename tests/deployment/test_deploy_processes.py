"""The commands that a deploy runs in processes of their own, and the lock against two deploys."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from eventsite.deployment import DeploymentError
from eventsite.deployment.steps import Deploy, _lock


def test_only_one_deploy_of_a_stage_runs_at_a_time(tmp_path: Path) -> None:
    with (tmp_path / "deploy-dev.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DeploymentError, match="Another deploy of dev is running"), _lock(tmp_path, "dev"):
            pytest.fail("The second deploy continued.")
        with _lock(tmp_path, "production"):
            pass
    with _lock(tmp_path, "dev"):
        pass


def test_the_smoke_test_does_not_get_this_shells_own_settings(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"DEBUG": "true", "DYNAMODB_ENDPOINT_URL": "http://mine:1", "EVENTS_API_ACCESS": "open", "SECRET_KEY": "mine"}
    for name, value in {**own, "AWS_PROFILE": "me"}.items():
        monkeypatch.setenv(name, value)
    started = runs_instead(monkeypatch, "")
    deploy._smoke_test("https://x.example/dev")  # noqa: SLF001
    [(command, environment)] = started
    assert command[2:] == ["smoke_test", "https://x.example/dev"]
    assert not own.keys() & environment.keys()
    assert (environment["EVENTS_STAGE"], environment["AWS_PROFILE"]) == ("dev", "me")


def runs_instead(monkeypatch: pytest.MonkeyPatch, script: str) -> list[tuple[list[str], dict[str, str]]]:
    """Every command of a deploy is this script instead. Returns what it starts: the command and its environment."""
    started: list[tuple[list[str], dict[str, str]]] = []
    popen = subprocess.Popen

    def start(command: list[str], **options: Any) -> Any:
        started.append((command, options["env"]))
        return popen([sys.executable, "-c", script], **options)

    monkeypatch.setattr("eventsite.deployment.steps.subprocess.Popen", start)
    return started


def test_stored_events_are_upgraded_with_their_progress(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    deploy.say = said.append
    started = runs_instead(monkeypatch, "print('1 events read, 0 upgraded.\\n2 events read, 1 upgraded.')")
    deploy._upgrade()  # noqa: SLF001
    assert [command[2:] for command, _ in started] == [["upgrade_events"]]
    assert said == ["    1 events read, 0 upgraded.", "    2 events read, 1 upgraded."]


def test_an_upgrade_that_fails_says_that_the_new_version_serves(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs_instead(monkeypatch, "import sys; sys.exit('CommandError: DynamoDB failed: no.')")
    with pytest.raises(DeploymentError) as raised:
        deploy._upgrade()  # noqa: SLF001
    assert str(raised.value) == (
        "DynamoDB failed: no. The new version serves, but stored events still have the earlier form. "
        "Run `EVENTS_STAGE=dev .venv/bin/python manage.py upgrade_events`."
    )
