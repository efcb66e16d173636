"""The alarms, and the topic that sends them.

CloudWatch takes 0.10 USD a month for each metric of an alarm. The alarms use 7 metrics of the API, the function and the
site (0.70 USD), and 31 metrics of the tables (3.10 USD). `"table_alarms": false` in zappa_settings.json turns off the
alarms of the tables.
The first ten metrics of an account are free.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pynamodb.models import Model

from events.storage.models import TABLES
from eventsite.stack import metrics
from eventsite.stack.metrics import Metric
from eventsite.stack.stage import Stage
from eventsite.stack.table_resources import logical_id, table_name

_MINUTES = 60
# More than a person who forgot a password causes: somebody is guessing.
_MANY_LOCKOUTS = 20
# In five minutes. More than a desk of some dozens of people causes on a Monday morning.
_MANY_FAILURES = 30


def alarm_resources(stage: Stage) -> dict[str, Any]:
    return {
        "AlarmsTopic": {
            "Type": "AWS::SNS::Topic",
            "DeletionPolicy": "Delete",
            # Not encrypted: CloudWatch may not use AWS's own key for topics, and alarms contain no secrets.
            "Properties": {"TopicName": stage.names.alarms_topic, "Tags": stage.tags},
        },
        "AlarmsSubscription": {
            "Type": "AWS::SNS::Subscription",
            "Condition": "HasAlarmEmail",
            "Properties": {
                "TopicArn": {"Ref": "AlarmsTopic"},
                "Protocol": "email",
                "Endpoint": {"Ref": "AlarmEmail"},
            },
        },
        "Budget": _budget(),
        **_site_alarms(stage),
        **_tables_alarms(stage),
    }


def _budget() -> dict[str, Any]:
    """Of all costs of the account: costs by tag would need tags that somebody activated for billing a day before.

    It has no name, because CloudFormation could then not replace it when the address changes.
    """
    limit = {"Amount": {"Ref": "MonthlyBudget"}, "Unit": "USD"}
    told = [{"SubscriptionType": "EMAIL", "Address": {"Ref": "AlarmEmail"}}]
    above = {"ComparisonOperator": "GREATER_THAN", "ThresholdType": "PERCENTAGE"}
    notifications: list[dict[str, Any]] = [
        {"Notification": {"NotificationType": kind, "Threshold": percent, **above}, "Subscribers": told}
        for kind, percent in (("FORECASTED", 80), ("ACTUAL", 100))
    ]
    budget = {"BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": limit}
    properties = {"Budget": budget, "NotificationsWithSubscribers": notifications}
    return {"Type": "AWS::Budgets::Budget", "Condition": "HasBudget", "Properties": properties}


def _site_alarms(stage: Stage) -> dict[str, Any]:
    names = stage.names
    return {
        "ApiErrors": _alarm(
            f"{names.function}-api-errors",
            "At least 5 % of the responses are errors (5xx).",
            _one(metrics.api(names, "5XXError"), Statistic="Average", Period=5 * _MINUTES),  # the average is the rate
            threshold=0.05,
            periods=(2, 3),
        ),
        "ApiLatency": _alarm(
            f"{names.function}-api-latency",
            "For 15 minutes, 5 % of the responses have taken 3 seconds or more.",
            _one(metrics.api(names, "Latency"), ExtendedStatistic="p95", Period=5 * _MINUTES),
            threshold=3000,
            periods=(3, 3),
        ),
        "FunctionErrors": _alarm(
            f"{names.function}-function-errors",
            "The function crashed, ran out of time or memory, or did not start.",
            _one(metrics.function(names, "Errors"), Statistic="Sum", Period=5 * _MINUTES),
        ),
        "FunctionThrottles": _alarm(
            f"{names.function}-function-throttles",
            "Lambda rejected requests: the limit of concurrent executions is reached.",
            _one(metrics.function(names, "Throttles"), Statistic="Sum", Period=5 * _MINUTES),
        ),
        "FunctionDuration": _alarm(
            f"{names.function}-function-duration",
            f"A request took almost {stage.timeout_seconds} seconds, the function's timeout.",
            _one(metrics.function(names, "Duration"), Statistic="Maximum", Period=5 * _MINUTES),
            threshold=stage.timeout_seconds * 1000 * 5 // 6,
        ),
        "SignInLockouts": _alarm(
            f"{names.function}-sign-in-lockouts",
            "Many sign-ins were refused after too many attempts: somebody may be guessing passwords.",
            _one(metrics.site(names, "SignInLockouts"), Statistic="Sum", Period=15 * _MINUTES),
            threshold=_MANY_LOCKOUTS,
        ),
        "SignInFailures": _alarm(
            f"{names.function}-sign-in-failures",
            "Many passwords or codes were wrong within five minutes: somebody may be guessing.",
            _one(metrics.site(names, "SignInFailures"), Statistic="Sum", Period=5 * _MINUTES),
            threshold=_MANY_FAILURES,
        ),
    }


def _tables_alarms(stage: Stage) -> dict[str, Any]:
    tables = TABLES if stage.table_alarms else ()
    return {logical: alarm for table in tables for logical, alarm in _table_alarms(table, stage).items()}


def _table_alarms(table: type[Model], stage: Stage) -> dict[str, Any]:
    name, short = table_name(table, stage.names), logical_id(table)
    throttled = [
        metric
        for kind in ("ReadThrottleEvents", "WriteThrottleEvents")
        for metric in metrics.table(table, stage.names, kind)
    ]
    return {
        f"{short}Throttles": _alarm(
            f"{name}-throttles",
            f"DynamoDB throttled reads or writes of {name} or one of its indexes.",
            _sum(throttled),
            periods=(1, 3),
        ),
        f"{short}SystemErrors": _alarm(
            f"{name}-system-errors",
            f"DynamoDB had internal errors while reading or writing {name}.",
            _sum(metrics.calls(table, stage.names, "SystemErrors")),
            periods=(1, 3),
        ),
    }


def _alarm(
    name: str, description: str, measured: dict[str, Any], threshold: float = 1, periods: tuple[int, int] = (1, 1)
) -> dict[str, Any]:
    """Goes off when `measured` reaches the threshold; `periods` is (2, 3) for "in 2 of the last 3 periods"."""
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": name,
            "AlarmDescription": description,
            **measured,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": threshold,
            "DatapointsToAlarm": periods[0],
            "EvaluationPeriods": periods[1],
            # Most of these metrics have no data, rather than zeros, when nothing happens.
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "AlarmsTopic"}],
            "OKActions": [{"Ref": "AlarmsTopic"}],
        },
    }


def _one(metric: Metric, **statistic: Any) -> dict[str, Any]:
    return {**metric.for_alarm(), **statistic}


def _sum(parts: Sequence[Metric]) -> dict[str, Any]:
    """The sum of up to ten metrics, in periods of five minutes. Missing values count as zero."""
    ids = [f"m{number}" for number in range(1, len(parts) + 1)]
    measured = [
        {
            "Id": id_,
            "MetricStat": {"Metric": metric.for_alarm(), "Period": 5 * _MINUTES, "Stat": "Sum"},
            "ReturnData": False,
        }
        for id_, metric in zip(ids, parts, strict=True)
    ]
    expression = f"SUM([{', '.join(f'FILL({id_}, 0)' for id_ in ids)}])"
    return {"Metrics": [{"Id": "total", "Expression": expression, "ReturnData": True}, *measured]}
