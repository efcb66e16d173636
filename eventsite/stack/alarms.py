"""The alarms, and the topic that tells of them.

CloudWatch takes 0.10 USD a month for each metric that an alarm looks at. Here that is 6 of the API, the function and
the site, and 31 of the tables, which a stage may do without ("table_alarms": false in zappa_settings.json): 3.70 USD
or 0.60 USD a month, of which an account's first ten metrics are free.
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
# Someone who forgot a password gives up sooner; this many refusals are somebody trying passwords.
_MANY_LOCKOUTS = 20


def alarm_resources(stage: Stage) -> dict[str, Any]:
    return {
        "AlarmsTopic": {
            "Type": "AWS::SNS::Topic",
            "DeletionPolicy": "Delete",
            # Not encrypted: CloudWatch may not use AWS's own key for topics, and no alarm holds a secret.
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
        **_site_alarms(stage),
        **_tables_alarms(stage),
    }


def _site_alarms(stage: Stage) -> dict[str, Any]:
    names = stage.names
    return {
        "ApiErrors": _alarm(
            f"{names.function}-api-errors",
            "One answer in twenty, or more, is a 5xx.",
            _one(metrics.api(names, "5XXError"), Statistic="Average", Period=5 * _MINUTES),  # its average is the rate
            threshold=0.05,
            periods=(2, 3),
        ),
        "ApiLatency": _alarm(
            f"{names.function}-api-latency",
            "One answer in twenty has taken 3 seconds or more, for a quarter of an hour.",
            _one(metrics.api(names, "Latency"), ExtendedStatistic="p95", Period=5 * _MINUTES),
            threshold=3000,
            periods=(3, 3),
        ),
        "FunctionErrors": _alarm(
            f"{names.function}-function-errors",
            "The function crashed, ran out of time or memory, or could not start.",
            _one(metrics.function(names, "Errors"), Statistic="Sum", Period=5 * _MINUTES),
        ),
        "FunctionThrottles": _alarm(
            f"{names.function}-function-throttles",
            "Lambda turned requests away: no more of the function may run at once.",
            _one(metrics.function(names, "Throttles"), Statistic="Sum", Period=5 * _MINUTES),
        ),
        "FunctionDuration": _alarm(
            f"{names.function}-function-duration",
            f"A request came near the {stage.timeout_seconds} seconds after which the function is stopped.",
            _one(metrics.function(names, "Duration"), Statistic="Maximum", Period=5 * _MINUTES),
            threshold=stage.timeout_seconds * 1000 * 5 // 6,
        ),
        "SignInLockouts": _alarm(
            f"{names.function}-sign-in-lockouts",
            "Many sign-ins were refused for too many tries: somebody may be trying passwords.",
            _one(metrics.site(names, "SignInLockouts"), Statistic="Sum", Period=15 * _MINUTES),
            threshold=_MANY_LOCKOUTS,
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
            f"DynamoDB turned away reads or writes of {name} or of one of its indexes.",
            _sum(throttled),
            periods=(1, 3),
        ),
        f"{short}SystemErrors": _alarm(
            f"{name}-system-errors",
            f"DynamoDB itself failed to read or write {name}.",
            _sum(metrics.calls(table, stage.names, "SystemErrors")),
            periods=(1, 3),
        ),
    }


def _alarm(
    name: str, description: str, measured: dict[str, Any], threshold: float = 1, periods: tuple[int, int] = (1, 1)
) -> dict[str, Any]:
    """One that goes off when `measured` reaches the threshold in so many of the last so many periods."""
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
            # Nobody was there, or nothing went wrong: most of these metrics have no zeros.
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "AlarmsTopic"}],
            "OKActions": [{"Ref": "AlarmsTopic"}],
        },
    }


def _one(metric: Metric, **statistic: Any) -> dict[str, Any]:
    return {**metric.for_alarm(), **statistic}


def _sum(parts: Sequence[Metric]) -> dict[str, Any]:
    """The sum of up to ten metrics, in periods of five minutes. Those that have no value then count as nothing."""
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
