"""Alarms and dashboard use metrics that exist, with the dimensions that CloudWatch has for them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from events.storage.models import TABLES
from eventsite.request_log import METRICS as SITE_METRICS
from eventsite.stack.names import METRICS_NAMESPACE, Names
from eventsite.stack.stage import Stage
from eventsite.stack.table_resources import USES, index_names, table_name
from eventsite.stack.template import make_template

NAMES = Names("production")
RESOURCES = make_template(Stage(NAMES))["Resources"]
ALARMS = {name: each["Properties"] for name, each in RESOURCES.items() if each["Type"] == "AWS::CloudWatch::Alarm"}
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CW_Support_For_AWS.html and the pages it leads to
OF_API, OF_FUNCTION, OF_STAGE = {"ApiName", "Stage"}, {"FunctionName"}, {"Stage"}
OF_TABLE, OF_INDEX, OF_CALL = {"TableName"}, {"TableName", "GlobalSecondaryIndexName"}, {"TableName", "Operation"}
DIMENSIONS: dict[str, list[set[str]]] = {
    **{f"AWS/ApiGateway {name}": [OF_API] for name in ("Count", "Latency", "4XXError", "5XXError")},
    **{f"AWS/Lambda {name}": [OF_FUNCTION] for name in ("Errors", "Throttles", "Duration", "ConcurrentExecutions")},
    **{f"AWS/DynamoDB {kind}ThrottleEvents": [OF_TABLE, OF_INDEX] for kind in ("Read", "Write")},
    **{f"AWS/DynamoDB Consumed{kind}CapacityUnits": [OF_TABLE, OF_INDEX] for kind in ("Read", "Write")},
    "AWS/DynamoDB SystemErrors": [OF_CALL],
    **{f"{METRICS_NAMESPACE} {name}": [OF_STAGE] for name in SITE_METRICS},
}
TABLE_NAMES = {table_name(table, NAMES): table for table in TABLES}


def check_metric(namespace: str, name: str, dimensions: dict[str, str]) -> None:
    assert set(dimensions) in DIMENSIONS[f"{namespace} {name}"]
    for dimension, value in dimensions.items():
        match dimension:
            case "ApiName" | "FunctionName":
                assert value == "events-production"
            case "Stage":
                assert value == "production"
            case "TableName":
                assert value in TABLE_NAMES
            case "GlobalSecondaryIndexName":
                assert value in index_names(TABLE_NAMES[dimensions["TableName"]])
            case "Operation":
                assert value in USES[TABLE_NAMES[dimensions["TableName"]]].calls


def metrics_of(alarm: dict[str, Any]) -> list[tuple[str, str, dict[str, str]]]:
    parts = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each] or [alarm]
    return [
        (each["Namespace"], each["MetricName"], {pair["Name"]: pair["Value"] for pair in each["Dimensions"]})
        for each in parts
    ]


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_an_alarm_uses_existing_metrics_and_notifies_the_topic(name: str) -> None:
    alarm = ALARMS[name]
    for metric in metrics_of(alarm):
        check_metric(*metric)
    assert alarm["TreatMissingData"] == "notBreaching"
    assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlarmsTopic"}]
    assert alarm["DatapointsToAlarm"] <= alarm["EvaluationPeriods"]
    assert alarm["AlarmDescription"].endswith(".")


def test_all_alarms_and_their_thresholds() -> None:
    assert {alarm["AlarmName"]: (alarm["Threshold"], alarm["DatapointsToAlarm"]) for alarm in ALARMS.values()} == {
        "events-production-api-errors": (0.05, 2),
        "events-production-api-latency": (3000, 3),
        "events-production-function-errors": (1, 1),
        "events-production-function-throttles": (1, 1),
        "events-production-function-duration": (25_000, 1),
        "events-production-sign-in-lockouts": (20, 1),
        "events-production-sign-in-failures": (30, 1),
        "events-production-throttles": (1, 1),
        "events-production-system-errors": (1, 1),
        "events-production-history-throttles": (1, 1),
        "events-production-history-system-errors": (1, 1),
        "events-production-access-throttles": (1, 1),
        "events-production-access-system-errors": (1, 1),
    }


def test_sums_are_complete_and_within_cloudwatchs_limit() -> None:
    for alarm in ALARMS.values():
        if "Metrics" in alarm:
            total, *parts = alarm["Metrics"]
            summands = ", ".join(f"FILL({part['Id']}, 0)" for part in parts)
            assert total["Expression"] == f"SUM([{summands}])"
            assert (total["ReturnData"], {part["ReturnData"] for part in parts}) == (True, {False})
            assert len(parts) <= 10
            assert len({json.dumps(part["MetricStat"]) for part in parts}) == len(parts)


def test_the_documented_cost_of_the_alarms_is_right() -> None:
    """0.10 USD for each metric: see eventsite.stack.alarms."""
    without = make_template(Stage(NAMES, {"table_alarms": False}))["Resources"]
    few = [each["Properties"] for each in without.values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    assert sum(len(metrics_of(alarm)) for alarm in ALARMS.values()) == 41
    assert sum(len(metrics_of(alarm)) for alarm in few) == 7


def test_the_budget_tells_the_address_of_the_alarms_at_80_percent_expected_and_100_percent_spent() -> None:
    budget = RESOURCES["Budget"]
    assert budget["Condition"] == "HasBudget"
    assert budget["Properties"]["Budget"]["BudgetLimit"] == {"Amount": {"Ref": "MonthlyBudget"}, "Unit": "USD"}
    notifications = budget["Properties"]["NotificationsWithSubscribers"]
    told = {(each["Notification"]["NotificationType"], each["Notification"]["Threshold"]) for each in notifications}
    assert told == {("FORECASTED", 80), ("ACTUAL", 100)}
    for each in notifications:
        assert each["Subscribers"] == [{"SubscriptionType": "EMAIL", "Address": {"Ref": "AlarmEmail"}}]


def test_mails_are_sent_only_if_there_is_an_address() -> None:
    subscription = RESOURCES["AlarmsSubscription"]
    assert subscription["Condition"] == "HasAlarmEmail"
    assert subscription["Properties"] == {
        "TopicArn": {"Ref": "AlarmsTopic"},
        "Protocol": "email",
        "Endpoint": {"Ref": "AlarmEmail"},
    }


def test_the_dashboard_shows_existing_metrics() -> None:
    dashboard = RESOURCES["Dashboard"]["Properties"]
    assert dashboard["DashboardName"] == "events-production"
    widgets = json.loads(dashboard["DashboardBody"]["Fn::Sub"])["widgets"]
    places = set()
    for widget in widgets:
        places.add((widget["x"], widget["y"]))
        assert widget["x"] + widget["width"] <= 24
        assert widget["properties"]["region"] == "${AWS::Region}"
        for namespace, name, *pairs, _ in widget["properties"].get("metrics", []):
            check_metric(namespace, name, dict(zip(pairs[::2], pairs[1::2], strict=True)))
    assert len(places) == len(widgets)
    assert [widget["properties"]["title"] for widget in widgets] == [
        "Requests",
        "Errors",
        "Response time (ms)",
        "Cold starts",
        "Consumed capacity units of the tables",
        "Events created",
        "Time in the function (ms)",
        "Sign-ins refused",
        "Latest errors",
    ]
    # The region is the only variable of Fn::Sub.
    assert dashboard["DashboardBody"]["Fn::Sub"].count("${") == len(widgets)


def test_the_docs_explain_each_alarm(settings: Any) -> None:
    guide = (settings.BASE_DIR / "docs" / "deployment.md").read_text()
    resources = make_template(Stage(Names("production")))["Resources"].values()
    names = [each["Properties"]["AlarmName"] for each in resources if each["Type"] == "AWS::CloudWatch::Alarm"]
    of_tables = re.compile(r"(?<=^events-production)(-history|-access)?(?=-(throttles|system-errors)$)")
    written = {of_tables.sub(r"[-history\\|-access]", name, count=1) for name in names}
    assert {name for name in written if f"`{name}`" not in guide} == set()
    assert len(written) == 9
