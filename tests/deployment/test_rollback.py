"""What becomes of the function when a deploy fails, is stopped, or is not the only one."""

from __future__ import annotations

import fcntl
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eventsite.deployment import DeploymentError
from eventsite.deployment.function import Before, Function
from eventsite.deployment.stages import read_stage
from eventsite.deployment.steps import Deploy, _alone
from tests.deployment.fake_aws import MadeAWS


def before(tmp_path: Path) -> Before:
    code = tmp_path / "before.zip"
    code.write_text("before")
    return Before(code, {})


def test_nothing_to_go_back_to(deploy: Deploy) -> None:
    with pytest.raises(DeploymentError) as raised, deploy._way_back(None):  # noqa: SLF001
        raise DeploymentError("It failed.")
    assert str(raised.value) == "It failed. This was the first deploy of dev: there is nothing to go back to."


def test_back_to_what_was(deploy: Deploy, tmp_path: Path) -> None:
    saved = before(tmp_path)
    with pytest.raises(DeploymentError) as raised, deploy._way_back(saved):  # noqa: SLF001
        raise DeploymentError("It failed.")
    assert str(raised.value) == "It failed. The function has its code and settings from before again."
    assert not saved.code.exists()


def test_also_when_somebody_stops_it(deploy: Deploy, tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match=r"^Interrupted\. The function has"), deploy._way_back(before(tmp_path)):  # noqa: SLF001
        raise KeyboardInterrupt


@pytest.mark.parametrize("kind", [DeploymentError, OSError])
def test_no_way_back_keeps_the_code(deploy: Deploy, tmp_path: Path, kind: type[Exception]) -> None:
    def restore(before: Before) -> None:
        raise kind("No.")

    deploy.function = SimpleNamespace(restore=restore)  # type: ignore[assignment]
    saved = before(tmp_path)
    with pytest.raises(DeploymentError) as raised, deploy._way_back(saved):  # noqa: SLF001
        raise DeploymentError("It failed.")
    assert str(raised.value) == (
        f"It failed. And the function could not be put back: No. Its code from before is in {saved.code}."
    )
    assert saved.code.exists()


@pytest.mark.parametrize("error", [OSError("No space left on device"), ValueError("unforeseen")])
def test_whatever_fails_the_function_goes_back(deploy: Deploy, tmp_path: Path, error: Exception) -> None:
    with (
        pytest.raises(DeploymentError, match="has its code and settings from before"),
        deploy._way_back(  # noqa: SLF001
            before(tmp_path)
        ),
    ):
        raise error


def test_two_deploys_of_a_stage_are_not_made_at_once(tmp_path: Path) -> None:
    with (tmp_path / "deploy-dev.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DeploymentError, match="Another deploy of dev runs"), _alone(tmp_path, "dev"):
            pytest.fail("it went on")
        with _alone(tmp_path, "production"):
            pass
    with _alone(tmp_path, "dev"):
        pass


def test_code_that_was_not_fetched_whole_is_nothing_to_go_back_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    aws = MadeAWS()
    found = {
        "Code": {"Location": "https://code.amazonaws.com/a.zip"},
        "Configuration": {"CodeSha256": "another"},
    }
    aws.answers("lambda", "get_function", found, FunctionName="events-dev")
    monkeypatch.setattr("urllib.request.urlopen", lambda url, timeout: BytesIO(b"half"))
    with pytest.raises(DeploymentError, match="could not be fetched whole"):
        Function(read_stage("dev"), aws).save(tmp_path)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_the_smoke_test_is_told_nothing_of_this_shells_own_site(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"DEBUG": "true", "DYNAMODB_ENDPOINT_URL": "http://mine:1", "EVENTS_API_ACCESS": "open", "SECRET_KEY": "mine"}
    for name, value in {**own, "AWS_PROFILE": "me"}.items():
        monkeypatch.setenv(name, value)
    told: dict[str, Any] = {}

    def run(command: list[str], **options: Any) -> Any:
        told.update(options["env"])
        return SimpleNamespace(stdout="", returncode=0)

    monkeypatch.setattr("eventsite.deployment.steps.subprocess.run", run)
    deploy._smoke_test("https://x.example/dev", None)  # noqa: SLF001
    assert not own.keys() & told.keys()
    assert (told["EVENTS_STAGE"], told["AWS_PROFILE"]) == ("dev", "me")
