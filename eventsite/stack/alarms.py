"""The alarms. CloudWatch takes 0.10 USD a month for each metric of an alarm; the first ten of an account are free.

The site's use 7 metrics, those of the tables 31. `"table_alarms": false` in zappa_settings.json turns the latter off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pynamodb.models import Model

from events.storage.models import TABLES
from eventsite.stack import metrics
from eventsite.stack.data import read_data
from eventsite.stack.metrics import Metric
from eventsite.stack.stage import Stage
from eventsite.stack.table_resources import logical_id, table_name

_MINUTES = 60


def alarm_resources(stage: Stage) -> dict[str, Any]:
    site = read_data("alarms.toml")
    site["FunctionDuration"]["threshold"] = stage.timeout_seconds * 1000 * 5 // 6
    alarms = {logical: _site_alarm(stage, row) for logical, row in site.items()}
    for table in TABLES if stage.table_alarms else ():
        alarms |= _table_alarms(table, stage)
    return alarms


def _site_alarm(stage: Stage, row: dict[str, Any]) -> dict[str, Any]:
    statistic = row.get("statistic", "Sum")
    measured = {
        **metrics.of_stage(stage.names, row["metric"]).for_alarm(),
        "ExtendedStatistic" if statistic.startswith("p") else "Statistic": statistic,
        "Period": row.get("minutes", 5) * _MINUTES,
    }
    description = row["description"].format(timeout=stage.timeout_seconds)
    limits = {key: row[key] for key in ("threshold", "periods") if key in row}
    return _alarm(f"{stage.names.function}-{row['name']}", description, measured, **limits)


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
    name: str, description: str, measured: dict[str, Any], threshold: float = 1, periods: Sequence[int] = (1, 1)
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
