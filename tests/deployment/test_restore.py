"""manage.py stack restore, on real tables in DynamoDB Local. What DynamoDB Local lacks is a fake, labelled below."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session

from events import changes, services
from events.domain import InvalidRequestError
from events.storage.connection import connection
from events.storage.events import installation_id
from events.storage.models import INSTALLATION, TABLES, AccessItem
from eventsite.engine.process import Engine
from eventsite.management.commands import stack as command
from eventsite.stack import StackError, progress
from eventsite.stack.names import Names
from eventsite.stack.stage import Stage, read_stage
from eventsite.stack.table_resources import logical_id, table_name
from eventsite.stack.template import make_template
from tests.deployment.fake_stack import LIMITS, failure, run
from tests.support.builders import ACTOR, make_fields
from tests.support.tables import read_table

AT = datetime(2026, 11, 23, 11, 59, tzinfo=UTC)
RESTORED = "events-dev-at-20261123T115900"
NAMES = [f"{RESTORED}{end}" for end in ("", "-history", "-access")]
KEPT = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")


class LocalAWS:
    """DynamoDB Local, with fakes of restore, point-in-time recovery, tags, limits and deletion protection."""

    def __init__(self, url: str) -> None:
        keys: dict[str, Any] = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        self.local: Any = get_session().create_client("dynamodb", "eu-west-1", endpoint_url=url, **keys)
        self.restores: list[dict[str, Any]] = []
        self.states: list[str] = []  # before ACTIVE
        self.calls: dict[str, list[Any]] = defaultdict(list)
        self.protected: set[str] = set()

    def of(self, service: str) -> Any:
        fakes = (
            "restore_table_to_point_in_time",
            "describe_continuous_backups",
            "update_continuous_backups",
            "describe_table",
            "update_table",
            "tag_resource",
        )
        real = ("get_paginator", "put_item", "describe_time_to_live", "update_time_to_live")
        return SimpleNamespace(
            **{name: getattr(self, name) for name in fakes},
            **{name: getattr(self.local, name) for name in real},
            get_waiter=lambda name: SimpleNamespace(wait=lambda **_: None),
        )

    def restore_table_to_point_in_time(self, **asked: Any) -> None:
        """Copies the source as it is now."""
        if asked["RestoreDateTime"] > AT:
            error: Any = {"Error": {"Code": "InvalidRestoreTimeException", "Message": "no"}}
            raise ClientError(error, "RestoreTableToPointInTime")
        self.restores.append(asked)
        copy(self.local, asked["SourceTableName"], asked["TargetTableName"])

    def describe_continuous_backups(self, TableName: str) -> dict[str, Any]:  # noqa: N803
        new = TableName in NAMES and "recovery" not in self.calls[TableName]
        recovery = {"PointInTimeRecoveryStatus": "DISABLED" if new else "ENABLED"}
        return {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": recovery}}

    def update_continuous_backups(self, TableName: str, **_: Any) -> None:  # noqa: N803
        self.calls[TableName].append("recovery")

    def describe_table(self, TableName: str) -> dict[str, Any]:  # noqa: N803
        table = self.local.describe_table(TableName=TableName)["Table"]
        table |= {"DeletionProtectionEnabled": "protection" in self.calls[TableName]}
        if self.states:
            table["TableStatus"] = self.states.pop(0)
        return {"Table": table}

    def update_table(self, TableName: str, **sent: Any) -> None:  # noqa: N803
        self.calls[TableName].append("protection" if sent.pop("DeletionProtectionEnabled", False) else sent)

    def tag_resource(self, ResourceArn: str, Tags: list[Any]) -> None:  # noqa: N803
        self.calls[ResourceArn.rpartition("/")[2]].append(Tags)

    def table_names(self) -> list[str]:
        names: list[str] = self.local.list_tables()["TableNames"]
        return [name for name in names if name.startswith("events-dev")]


def copy(dynamodb: Any, source: str, target: str) -> None:
    table = dynamodb.describe_table(TableName=source)["Table"] | {"BillingMode": "PAY_PER_REQUEST"}
    parts = ("IndexName", "KeySchema", "Projection")
    table["GlobalSecondaryIndexes"] = [
        {part: index[part] for part in parts} for index in table["GlobalSecondaryIndexes"]
    ]
    dynamodb.create_table(TableName=target, **{part: table[part] for part in KEPT})
    for page in dynamodb.get_paginator("scan").paginate(TableName=source):
        for item in page["Items"]:
            dynamodb.put_item(TableName=target, Item=item)


@pytest.fixture
def local(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAWS]:
    """The tables of stage "dev", with two events."""
    aws = LocalAWS(engine.url)
    services.create_event(make_fields(eventId="a"), ACTOR)
    services.create_event(make_fields(eventId="b"), ACTOR)
    installation_id()
    for table in TABLES:
        copy(aws.local, table.Meta.table_name, table_name(table, Names("dev")))
    monkeypatch.setattr(command, "Clients", lambda stage, say: aws)
    monkeypatch.setattr(progress, "PAUSE_SECONDS", 0)
    yield aws
    for name in aws.table_names():
        aws.local.delete_table(TableName=name)


def test_it_restores_three_tables_beside_the_old_ones(local: LocalAWS) -> None:
    local.states = ["CREATING", "CREATING"]
    output = run("restore", "dev", "--to", "2026-11-23T12:59:00+01:00")
    assert [asked["RestoreDateTime"] for asked in local.restores] == [AT] * 3
    assert local.table_names() == sorted([*NAMES, "events-dev", "events-dev-access", "events-dev-history"])
    turned_on = "turned on deletion protection, point-in-time recovery"
    limits = "limits of reads and writes"
    assert output == [
        *(f"Restoring {name.replace(RESTORED, 'events-dev')} to {name}." for name in NAMES),
        *[f"{NAMES[0]}: CREATING."] * 2,
        f"{NAMES[0]}: {turned_on}, {limits}.",
        f"{NAMES[1]}: {turned_on}, {limits}.",
        f"{NAMES[2]}: {turned_on}, expiry of old items, {limits}.",
        f"{NAMES[0]}: 2 items. Now there are 2.",
        f"{NAMES[1]}: 2 items. Now there are 2.",
        f"{NAMES[2]}: 1 items. Now there are 1.",
        "dev does not use them yet. docs/deployment.md says how to read them, switch to them or delete them.",
    ]


def test_it_sets_what_a_restore_loses(local: LocalAWS) -> None:
    run("restore", "dev", "--to", "2026-11-23T11:59:00Z")
    tags = [{"Key": "Project", "Value": "events"}, {"Key": "Stage", "Value": "dev"}]
    for name in NAMES:
        *others, limits = local.calls[name]
        assert others == [tags, "protection", "recovery"]
        indexes = [each["IndexName"] for each in local.local.describe_table(TableName=name)["Table"][KEPT[3]]]
        updates = [{"Update": {"IndexName": index, "OnDemandThroughput": LIMITS}} for index in sorted(indexes)]
        assert limits == {"OnDemandThroughput": LIMITS, "GlobalSecondaryIndexUpdates": updates}
    expiry = local.local.describe_time_to_live(TableName=NAMES[2])["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiresAt"}


def test_readers_of_changes_begin_again_after_a_switch(local: LocalAWS) -> None:
    """A token from before the switch may be later than the changes that the restore lost."""
    token = changes.latest()
    run("restore", "dev", "--to", "2026-11-23T11:59:00Z")
    restored = local.local.get_item(TableName=NAMES[2], Key={"key": {"S": INSTALLATION}})["Item"]
    [before] = [item for item in read_table(AccessItem) if item["key"]["S"] == INSTALLATION]
    assert restored.keys() == before.keys()
    connection().dispatch("PutItem", {"TableName": AccessItem.Meta.table_name, "Item": restored})  # the switch
    installation_id.cache_clear()
    assert installation_id() == restored["installationId"]["S"] != before["installationId"]["S"]
    with pytest.raises(InvalidRequestError, match="after is a token of another installation"):
        changes.list_changes(token, 1)
    changes.list_changes(changes.first(), 10)  # a reader that begins again is served


def test_the_same_call_continues_an_interrupted_restore(local: LocalAWS) -> None:
    copy(local.local, "events-dev", NAMES[0])
    assert run("restore", "dev", "--to", "2026-11-23T11:59:00Z")[0] == f"Restoring events-dev-history to {NAMES[1]}."
    assert len(local.restores) == 2


def test_a_time_that_dynamodb_refuses_starts_nothing(local: LocalAWS) -> None:
    assert failure("restore", "dev", "--to", "2027-11-23T11:59:00Z") == (
        "AWS: An error occurred (InvalidRestoreTimeException) when calling the RestoreTableToPointInTime operation: no"
    )
    assert local.table_names() == ["events-dev", "events-dev-access", "events-dev-history"]


def test_a_time_that_is_no_time() -> None:
    assert "--to: invalid _time value: 'noon'" in failure("restore", "dev", "--to", "noon")


def test_the_status_shows_the_tables_that_a_restore_left(local: LocalAWS) -> None:
    copy(local.local, "events-dev", NAMES[0])
    copy(local.local, "events-dev", "events-dev-2")  # of another stage
    assert run("status", "dev")[3:] == [f"{NAMES[0]}: left by a restore. dev does not use it."]


class TestSwitch:
    @pytest.fixture
    def switched(self, settings: Any, tmp_path: Path) -> Stage:
        path = Path(settings.BASE_DIR, "zappa_settings.json")
        described = json.loads(path.read_text())
        described["dev"]["aws_environment_variables"]["DYNAMODB_TABLE_NAME"] = RESTORED
        (tmp_path / path.name).write_text(json.dumps(described))
        settings.BASE_DIR = tmp_path
        return read_stage("dev")

    def test_the_stack_imports_the_restored_tables_and_keeps_the_old_ones(self, switched: Stage) -> None:
        """CloudFormation treats them as other resources, so it removes the old ones, whose policy is Retain."""
        before, after = make_template(Stage(Names("dev")))["Resources"], make_template(switched)["Resources"]
        for table, name in zip(TABLES, NAMES, strict=True):
            old, new = logical_id(table), f"{logical_id(table)}20261123T115900"
            assert (old in after, new in before) == (False, False)
            assert after[new]["Properties"] == {**before[old]["Properties"], "TableName": name}
            assert (before[old]["DeletionPolicy"], after[new]["DeletionPolicy"]) == ("Retain", "Retain")

    def test_the_role_allows_only_the_restored_tables(self, switched: Stage) -> None:
        role = json.dumps(make_template(switched)["Resources"]["FunctionRole"])
        before = json.dumps(make_template(Stage(Names("dev")))["Resources"]["FunctionRole"])
        for table in TABLES:
            before = before.replace(logical_id(table), logical_id(table, switched.names))
        assert role == before

    def test_the_tables_in_use_are_not_restored_again(self, switched: Stage, local: LocalAWS) -> None:
        assert failure("restore", "dev", "--to", "2026-11-23T11:59:00Z") == f"dev already uses {RESTORED}."

    def test_the_old_tables_are_then_left_over(self, switched: Stage, local: LocalAWS) -> None:
        for name, end in zip(NAMES, ("", "-history", "-access"), strict=True):
            copy(local.local, f"events-dev{end}", name)
        left = ["events-dev", "events-dev-access", "events-dev-history"]
        assert run("status", "dev")[3:] == [f"{name}: left by a restore. dev does not use it." for name in left]

    @pytest.mark.parametrize(
        "name", ["events-production", "events-dev-at-2026", "events-production-at-20261123T115900"]
    )
    def test_other_tables_are_refused(self, switched: Stage, settings: Any, name: str) -> None:
        path = Path(settings.BASE_DIR, "zappa_settings.json")
        path.write_text(path.read_text().replace(RESTORED, name))
        with pytest.raises(StackError, match=f"{name} is no table that `manage.py stack restore dev` made"):
            read_stage("dev")
