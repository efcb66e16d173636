"""The rollback of a deploy that fails or is interrupted, and the lock against two deploys."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eventsite.deployment import DeploymentError
from eventsite.deployment.function import Function, SavedFunction
from eventsite.deployment.steps import Deploy, _lock
from eventsite.stack.stage import read_stage
from tests.deployment.fake_aws import FakeAWS


def saved_function(tmp_path: Path) -> SavedFunction:
    code = tmp_path / "before.zip"
    code.write_text("before")
    return SavedFunction(code, {})


def test_the_first_deploy_has_no_earlier_version(deploy: Deploy) -> None:
    with pytest.raises(DeploymentError) as raised, deploy._rollback(None):  # noqa: SLF001
        raise DeploymentError("It failed.")
    assert str(raised.value) == "It failed. This was the first deploy of dev, so there is no earlier version."


def test_a_failed_deploy_is_rolled_back(deploy: Deploy, tmp_path: Path) -> None:
    saved = saved_function(tmp_path)
    with pytest.raises(DeploymentError) as raised, deploy._rollback(saved):  # noqa: SLF001
        raise DeploymentError("It failed.")
    assert str(raised.value) == "It failed. The function has its previous code and settings again."
    assert not saved.code.exists()


def test_an_interrupted_deploy_is_rolled_back(deploy: Deploy, tmp_path: Path) -> None:
    saved = saved_function(tmp_path)
    with pytest.raises(DeploymentError, match=r"^Interrupted\. The function has"), deploy._rollback(saved):  # noqa: SLF001
        raise KeyboardInterrupt


@pytest.mark.parametrize("kind", [DeploymentError, OSError])
def test_a_failed_rollback_keeps_the_code(deploy: Deploy, tmp_path: Path, kind: type[Exception]) -> None:
    def restore(saved: SavedFunction) -> None:
        raise kind("No.")

    deploy.function = SimpleNamespace(restore=restore)  # type: ignore[assignment]
    saved = saved_function(tmp_path)
    with pytest.raises(DeploymentError) as raised, deploy._rollback(saved):  # noqa: SLF001
        raise DeploymentError("It failed.")
    assert str(raised.value) == (
        f"It failed. The rollback failed, too: No. The function's previous code is in {saved.code}."
    )
    assert saved.code.exists()


@pytest.mark.parametrize("error", [OSError("No space left on device"), ValueError("unforeseen")])
def test_any_other_error_rolls_back(deploy: Deploy, tmp_path: Path, error: Exception) -> None:
    with (
        pytest.raises(DeploymentError, match="has its previous code and settings again"),
        deploy._rollback(  # noqa: SLF001
            saved_function(tmp_path)
        ),
    ):
        raise error


def test_only_one_deploy_of_a_stage_runs_at_a_time(tmp_path: Path) -> None:
    with (tmp_path / "deploy-dev.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DeploymentError, match="Another deploy of dev is running"), _lock(tmp_path, "dev"):
            pytest.fail("The second deploy continued.")
        with _lock(tmp_path, "production"):
            pass
    with _lock(tmp_path, "dev"):
        pass


def test_a_damaged_download_stops_the_deploy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    aws = FakeAWS()
    found = {
        "Code": {"Location": "https://code.amazonaws.com/a.zip"},
        "Configuration": {"CodeSha256": "another"},
    }
    aws.expect("lambda", "get_function", found, FunctionName="events-dev")
    monkeypatch.setattr("urllib.request.urlopen", lambda url, timeout: BytesIO(b"half"))
    with pytest.raises(DeploymentError, match="The download of the current code, which a rollback needs, is damaged"):
        Function(read_stage("dev"), aws).save(tmp_path)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_the_smoke_test_does_not_get_this_shells_own_settings(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"DEBUG": "true", "DYNAMODB_ENDPOINT_URL": "http://mine:1", "EVENTS_API_ACCESS": "open", "SECRET_KEY": "mine"}
    for name, value in {**own, "AWS_PROFILE": "me"}.items():
        monkeypatch.setenv(name, value)
    started = runs_instead(monkeypatch, "")
    deploy._smoke_test("https://x.example/dev", None)  # noqa: SLF001
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
