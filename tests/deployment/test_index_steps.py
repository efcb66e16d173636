"""Several indexes in one release, against a fake that enforces the limit of DynamoDB."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from eventsite.management.commands import stack as command
from eventsite.stack import StackError, progress
from eventsite.stack.index_steps import next_template
from tests.deployment.fake_cloudformation import LIMIT, ConnectionLostError, EnforcingAWS, tables
from tests.deployment.fake_stack import TEMPLATE, failure, run

UPDATED = "events-dev-resources is updated."


def with_indexes(*indexes: tuple[str, str], table: str = "EventTable") -> dict[str, Any]:
    """The stack's template, but the table has these indexes: name and key."""
    made = copy.deepcopy(TEMPLATE)
    properties = tables(made)[table]
    properties["GlobalSecondaryIndexes"] = [
        {"IndexName": name, "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}]} for name, key in indexes
    ]
    keys = {key["AttributeName"] for key in properties["KeySchema"]} | {key for _, key in indexes}
    properties["AttributeDefinitions"] = [{"AttributeName": key, "AttributeType": "S"} for key in sorted(keys)]
    return made


def makes(monkeypatch: pytest.MonkeyPatch, template: dict[str, Any]) -> None:
    monkeypatch.setattr("eventsite.stack.lifecycle.make_template", lambda stage: template)


@pytest.fixture
def enforcing(monkeypatch: pytest.MonkeyPatch) -> EnforcingAWS:
    fake = EnforcingAWS(with_indexes(("a", "x"), ("old", "y")))
    monkeypatch.setattr(command, "Clients", lambda stage, say: fake)
    monkeypatch.setattr(progress, "PAUSE_SECONDS", 0)
    monkeypatch.setattr("eventsite.stack.lifecycle.protect", lambda clients, stage: [])
    return fake


def test_two_indexes_are_created_and_one_is_deleted(enforcing: EnforcingAWS, monkeypatch: pytest.MonkeyPatch) -> None:
    makes(monkeypatch, with_indexes(("a", "x"), ("b", "z"), ("c", "x")))
    enforcing.creating = 3
    assert run("deploy", "dev") == [
        "Changes of events-dev-resources:",
        "  Modify  EventTable (AWS::DynamoDB::Table)",
        "  In a later step: events-dev: create c, delete old",
        UPDATED,
        "Changes of events-dev-resources:",
        "  Modify  EventTable (AWS::DynamoDB::Table)",
        "  In a later step: events-dev: delete old",
        UPDATED,
        "Changes of events-dev-resources:",
        "  Modify  EventTable (AWS::DynamoDB::Table)",
        UPDATED,
    ]
    assert [each["EventTable"] for each in enforcing.updates] == [
        ["a", "b", "old"],
        ["a", "b", "c", "old"],
        ["a", "b", "c"],
    ]
    assert enforcing.creating == 0, "It must wait until each index is ACTIVE."
    assert run("deploy", "dev") == ["events-dev-resources has no changes."]


def test_without_steps_aws_would_refuse(enforcing: EnforcingAWS, monkeypatch: pytest.MonkeyPatch) -> None:
    makes(monkeypatch, with_indexes(("a", "x"), ("b", "z"), ("c", "x")))
    monkeypatch.setattr("eventsite.stack.lifecycle.next_template", lambda before, target: (target, []))
    assert failure("deploy", "dev") == f"CloudFormation failed (UPDATE_ROLLBACK_COMPLETE). EventTable: {LIMIT}"


def test_tables_change_at_the_same_time(enforcing: EnforcingAWS, monkeypatch: pytest.MonkeyPatch) -> None:
    target = with_indexes(("a", "x"))
    tables(target)["AccessTable"].update(
        tables(with_indexes(("m", "y"), ("n", "y"), table="AccessTable"))["AccessTable"]
    )
    enforcing.template = with_indexes(("a", "x"), ("b", "x"), ("c", "x"))
    tables(enforcing.template)["AccessTable"]["GlobalSecondaryIndexes"] = []
    makes(monkeypatch, target)
    run("deploy", "dev")
    assert enforcing.updates == [
        {"HistoryTable": ["by-time"], "EventTable": ["a", "c"], "AccessTable": ["m"]},
        {"HistoryTable": ["by-time"], "EventTable": ["a"], "AccessTable": ["m", "n"]},
    ]


def test_an_interrupted_deploy_continues(enforcing: EnforcingAWS, monkeypatch: pytest.MonkeyPatch) -> None:
    makes(monkeypatch, with_indexes(("a", "x"), ("b", "z"), ("c", "x")))
    enforcing.interrupt_after = 1
    with pytest.raises(ConnectionLostError):
        run("deploy", "dev")
    enforcing.busy = ["UPDATE_IN_PROGRESS"] * 3
    lines = run("deploy", "dev")
    assert lines[0] == (
        "An earlier change of events-dev-resources is not finished (UPDATE_IN_PROGRESS). Waiting for it."
    )
    assert [line for line in lines if "later" in line] == ["  In a later step: events-dev: delete old"]
    assert enforcing.updates[-1]["EventTable"] == ["a", "b", "c"]


def test_a_line_every_minute(enforcing: EnforcingAWS, monkeypatch: pytest.MonkeyPatch) -> None:
    makes(monkeypatch, with_indexes(("a", "x"), ("b", "z"), ("old", "y")))
    times = iter([0.0, 1.0, 61.0, 62.0, 122.0, 123.0, *[124.0] * 20])
    monkeypatch.setattr("time.monotonic", lambda: next(times))
    executed = enforcing.execute_change_set

    def execute(**arguments: str) -> None:
        executed(**arguments)
        enforcing.busy = ["UPDATE_IN_PROGRESS"] * 5

    monkeypatch.setattr(enforcing, "execute_change_set", execute)
    lines = [line for line in run("deploy", "dev") if line.startswith("CloudFormation")]
    assert lines == [
        "CloudFormation: UPDATE_IN_PROGRESS for 1 minutes.",
        "CloudFormation: UPDATE_IN_PROGRESS for 2 minutes.",
    ]


def test_the_diff_shows_the_steps(enforcing: EnforcingAWS, monkeypatch: pytest.MonkeyPatch) -> None:
    makes(monkeypatch, with_indexes(("a", "x")) | {"Description": "other"})
    assert run("diff", "dev")[-1].startswith("  Modify  EventTable")
    makes(monkeypatch, with_indexes(("b", "x")))
    assert run("diff", "dev")[-1] == "  In a later step: events-dev: delete a, delete old"
    assert enforcing.updates == []


def test_an_index_is_not_changed_under_its_name() -> None:
    with pytest.raises(StackError) as raised:
        next_template(with_indexes(("a", "x")), with_indexes(("a", "y")))
    assert str(raised.value) == (
        "DynamoDB cannot change the index a of events-dev. Give it another name in the models: the new index is then "
        "created, and the old one deleted."
    )


def test_a_new_table_may_have_several() -> None:
    target = with_indexes(("a", "x"), ("b", "x"))
    assert next_template({"Resources": {}}, target) == (target, [])
