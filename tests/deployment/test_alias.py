"""Deploys and rollbacks in a simulated account: which version serves the site, whatever fails or is interrupted."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from eventsite.deployment import DeploymentError, alarms, api, steps
from eventsite.deployment.steps import Deploy
from eventsite.stack import progress
from eventsite.stack.stage import read_stage
from tests.deployment.simulated_aws import AT, Account, KilledError

Release = Callable[..., list[str]]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Account:
    """An empty account. Packages, Zappa and the commands of a deploy are simulated, too."""
    account = Account()
    for module in ("steps", "zappa"):  # tests that run at the same time would share the folder
        monkeypatch.setattr(f"eventsite.deployment.{module}.FOLDER", str(tmp_path / "dist"))
    monkeypatch.setattr(steps, "Clients", lambda stage, say: account)
    monkeypatch.setattr(steps, "run_zappa", account.zappa)
    monkeypatch.setattr("eventsite.deployment.zappa.run_zappa", account.zappa)
    monkeypatch.setattr(steps, "settings_error", lambda stage: None)
    monkeypatch.setattr("eventsite.stack.lifecycle.deploy", lambda clients, stage, say: None)
    monkeypatch.setattr(Deploy, "_manage", lambda self, *arguments: account.manage(*arguments))
    monkeypatch.setattr(progress, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(api, "SECONDS_BETWEEN_DEPLOYMENTS", 0)
    return account


@pytest.fixture
def release(account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Release:
    """Deploys this code with this value of a setting. Returns what the deploy says."""
    package = tmp_path / "package.zip"
    monkeypatch.setattr(steps, "package_path", lambda stage: package)
    monkeypatch.setattr(steps, "make_package", lambda path, target: path)

    def deploy(code: str = "good", setting: str = "", watch: float = 0) -> list[str]:
        package.write_text(code)
        stage = read_stage("dev")
        stage.environment["EVENTS_TIME_ZONE"] = setting or code
        said: list[str] = []
        Deploy(stage, said.append, watch).run()
        return said

    return deploy


def live(account: Account) -> tuple[str, str, list[str]] | None:
    """The code and the setting that serve the site, and the earlier versions."""
    if account.alias is None:
        return None
    version = account.versions[account.alias["FunctionVersion"]]
    earlier = account.alias["Description"].removeprefix("Earlier versions: ").split()
    return version["code"], version["variables"]["EVENTS_TIME_ZONE"], earlier


def rollback(*arguments: str) -> str:
    output = StringIO()
    call_command("rollback", "dev", *arguments, stdout=output)
    return output.getvalue()


def test_code_and_settings_change_together(account: Account, release: Release) -> None:
    said = release("one", "UTC")
    assert live(account) == ("one", "UTC", [])
    assert [line for line in said if line[1:3] == "/8"][3:7] == [
        "4/8 Function: create events-dev",
        "5/8 API: events-dev",
        "6/8 Test: version 1, before it serves the site",
        "7/8 Switch: version 1 at https://abc.execute-api.eu-west-1.amazonaws.com/dev",
    ]
    said = release("two", "CET")
    assert live(account) == ("two", "CET", ["1"])
    assert "    The API events-dev has no changes." in said
    assert account.versions.keys() == {"1", "3"}  # 2 had new code with old settings
    release("two", "EET")
    assert live(account) == ("two", "EET", ["3", "1"])


def test_the_same_code_and_settings_again(account: Account, release: Release) -> None:
    release("one")
    release("one")
    assert live(account) == ("one", "one", [])


def test_only_the_last_few_versions_are_kept(account: Account, release: Release) -> None:
    for number in range(9):
        release(f"code {number}")
    found = live(account)
    assert found
    assert [account.versions[version]["code"] for version in found[2]] == [f"code {n}" for n in range(7, 2, -1)]
    assert len(account.versions) == 6


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("bad", "The smoke test failed at 'health': version 3."),
        ("bad over HTTP", "The smoke test failed at 'health': version 3."),
        ("alarming", "This alarm went off: events-dev-function-errors."),
    ],
)
def test_a_version_that_does_not_work(
    account: Account, release: Release, monkeypatch: pytest.MonkeyPatch, code: str, error: str
) -> None:
    monkeypatch.setattr(alarms, "PAUSE_SECONDS", 0.01)
    release("good")
    with pytest.raises(DeploymentError) as raised:
        release(code, watch=0.05)
    assert str(raised.value) == f"{error} Version 1 serves the site, with its code and its settings."
    assert live(account) == ("good", "good", [])
    if code == "bad":
        assert "UpdateAlias" not in account.calls
    release("better")
    found = live(account)
    assert found
    assert (found[0], found[2]) == ("better", ["1"])


def test_an_alarm_that_was_on_before_does_not_stop_a_deploy(
    account: Account, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarms, "PAUSE_SECONDS", 0.01)
    account.alarms = ["events-dev-function-errors"]
    said = release("good", watch=0.05)
    assert "    Watching the alarms for 0 s." in said
    assert live(account) == ("good", "good", [])


def test_a_first_deploy_that_does_not_work(account: Account, release: Release) -> None:
    for code in ("bad", "bad over HTTP"):
        with pytest.raises(DeploymentError, match="This was the first deploy of dev, so there is no site yet"):
            release(code)
        assert live(account) is None
    release("good")
    assert live(account) == ("good", "good", [])


def test_a_rollback_that_fails(account: Account, release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    release("good")
    move, moves = account.UpdateAlias, []

    def once(**alias: Any) -> dict[str, Any]:
        moves.append(alias)
        return move(**alias) if len(moves) == 1 else account.GetAlias("", "") | move(**{**alias, "RevisionId": "0"})

    monkeypatch.setattr(account, "UpdateAlias", once)
    with pytest.raises(DeploymentError, match=r"The rollback failed, too: .* Run `make rollback STAGE=dev`\."):
        release("bad over HTTP")
    monkeypatch.setattr(account, "UpdateAlias", move)
    rollback()
    assert live(account) == ("good", "good", [])


@pytest.mark.parametrize("updates", [False, True], ids=["first", "update"])
@pytest.mark.parametrize("stop", [KilledError, KeyboardInterrupt])
def test_a_deploy_that_ends_after_any_of_its_calls(
    account: Account, release: Release, updates: bool, stop: type[BaseException]
) -> None:
    """At each point: the API's stage is protected, and visitors get the old version or one that passed its test."""
    points = moved = 0
    while True:
        account.empty()
        if updates:
            release("old")
        before = live(account)
        points += 1
        account.stop_after, account.stop_with = len(account.calls) + points, stop
        try:
            release("new")
        except (KilledError, KeyboardInterrupt, DeploymentError):
            pass
        else:
            break
        assert account.stage_without_protection() == []
        if live(account) != before:
            moved += 1
            assert account.alias
            assert account.alias["FunctionVersion"] in account.tested
            # Only a kill prevents the rollback. Later than this step, there is nothing to roll back.
            assert stop is KilledError or "upgrade_events" in account.calls[-points:]
        account.stop_after = 0
        release("newer")
        found = live(account)
        assert found
        assert found[0] == "newer"
    assert points > 20
    assert moved > 0


@pytest.mark.parametrize("rolls_back", [True, False])
def test_a_kill_right_after_the_switch(
    account: Account, release: Release, monkeypatch: pytest.MonkeyPatch, rolls_back: bool
) -> None:
    """The new version serves, because it passed its test. Rollback and the next deploy work as usual."""
    move = account.UpdateAlias

    def move_and_die(**alias: Any) -> None:
        move(**alias)
        raise KilledError

    release("one")
    monkeypatch.setattr(account, "UpdateAlias", move_and_die)
    with pytest.raises(KilledError):
        release("two")
    monkeypatch.setattr(account, "UpdateAlias", move)
    assert live(account) == ("two", "two", ["1"])
    if rolls_back:
        assert rollback().startswith("Version 1 serves dev instead of version 3")
        assert live(account) == ("one", "one", [])
    release("three")
    assert live(account) == ("three", "three", ["1"] if rolls_back else ["3", "1"])
    rollback()
    assert live(account) == (("one", "one", []) if rolls_back else ("two", "two", ["1"]))


def test_rollback_on_demand(account: Account, release: Release) -> None:
    for code in ("one", "two", "three"):
        release(code)
    assert rollback() == (
        "Version 3 serves dev instead of version 5, with its code and its settings. "
        "Stored events and the API's own settings did not change.\n"
    )
    assert live(account) == ("two", "two", ["1"])
    release("four")
    assert live(account) == ("four", "four", ["3", "1"])
    rollback("1")
    assert live(account) == ("one", "one", [])
    with pytest.raises(CommandError, match=r"^Version 1 serves dev, and there is no earlier version\.$"):
        rollback()


def test_rollback_to_a_version_that_did_not_serve(account: Account, release: Release) -> None:
    for code in ("one", "two"):
        release(code)
    with pytest.raises(CommandError, match=r"^Version 2 did not serve dev\. Choose from: 1\.$"):
        rollback("2")
    assert live(account) == ("two", "two", ["1"])


def test_rollback_before_the_first_deploy(account: Account) -> None:
    with pytest.raises(CommandError, match=r"^dev has no version that serves the site\. Run `make deploy` first\.$"):
        rollback()


def test_two_deploys_from_two_machines(account: Account, release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second to finish finds that the alias has moved, and leaves it."""
    release("one")
    real = account.manage

    def meanwhile(command: str, *arguments: str) -> str:
        if "--invoke" in arguments and account.alias:
            account.alias = {**account.alias, "RevisionId": "of another deploy"}
        return real(command, *arguments)

    monkeypatch.setattr(account, "manage", meanwhile)
    with pytest.raises(DeploymentError, match="PreconditionFailedException"):
        release("two")
    assert live(account) == ("one", "one", [])


def test_two_stages_share_the_quota_of_deployments(account: Account, release: Release) -> None:
    """Another stage was deployed less than five seconds ago: CloudFormation fails, and the deploy tries again."""
    times = iter([0.0, 1.0, 2.0, 10.0, 10.0])
    account.clock, account.last_deployment = lambda: next(times), -1.0
    said = release("one")
    assert said.count("    API Gateway allows one deployment every 0 seconds in an account: waiting 0 s.") == 3
    assert "    The API events-dev is created." in said
    assert live(account) == ("one", "one", [])


def test_another_error_of_cloudformation_is_not_tried_again(
    account: Account, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.clock, account.last_deployment = lambda: 0.0, 0.0
    event = {"ResourceStatus": "CREATE_FAILED", "LogicalResourceId": "Stage", "ResourceStatusReason": "No."}
    monkeypatch.setattr(account, "DescribeStackEvents", lambda StackName: {"StackEvents": [event]})  # noqa: N803
    with pytest.raises(DeploymentError, match=r"CloudFormation failed \(ROLLBACK_COMPLETE\)\. Stage: No\."):
        release("one")
    assert account.calls.count("ExecuteChangeSet") == 1


def test_an_api_of_an_earlier_version_of_this_project(account: Account, release: Release) -> None:
    account.stacks["events-dev"] = {
        "StackId": "id:events-dev",
        "StackName": "events-dev",
        "CreationTime": AT,
        "StackStatus": "CREATE_COMPLETE",
        "template": {"Resources": {"Api": {}}},
    }
    with pytest.raises(DeploymentError, match="deployed the API events-dev, without an alias"):
        release("one")
