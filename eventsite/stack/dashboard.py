"""The dashboard of a stage. It costs 3 USD a month; the first three of an account are free."""

from __future__ import annotations

import json
from typing import Any

from events.storage.models import TABLES
from eventsite.stack import metrics
from eventsite.stack.stage import Stage
from eventsite.stack.table_resources import table_name

_COLUMNS, _WIDTH, _HEIGHT = 3, 8, 6


def dashboard_resource(stage: Stage) -> dict[str, Any]:
    body = {"widgets": [_placed(number, widget) for number, widget in enumerate(_widgets(stage))]}
    return {
        "Type": "AWS::CloudWatch::Dashboard",
        "DeletionPolicy": "Delete",
        "Properties": {"DashboardName": stage.names.dashboard, "DashboardBody": {"Fn::Sub": json.dumps(body)}},
    }


def _widgets(stage: Stage) -> list[dict[str, Any]]:
    names = stage.names
    capacity = [
        metrics.table(table, names, f"Consumed{kind}CapacityUnits")[0].for_dashboard(
            label=f"{table_name(table, names)}, {kind.lower()}"
        )
        for table in TABLES
        for kind in ("Read", "Write")
    ]
    return [
        _graph("Requests", [metrics.api(names, "Count").for_dashboard(label="requests")]),
        _graph(
            "Errors",
            [
                metrics.api(names, "4XXError").for_dashboard(label="4xx, errors of clients"),
                metrics.api(names, "5XXError").for_dashboard(label="5xx, our errors"),
                metrics.function(names, "Errors").for_dashboard(label="function failed"),
                metrics.function(names, "Throttles").for_dashboard(label="function throttled"),
            ],
        ),
        _graph(
            "Response time (ms)",
            [
                metrics.api(names, "Latency").for_dashboard(label=statistic, stat=statistic)
                for statistic in ("p50", "p95", "p99")
            ],
        ),
        _graph(
            "Cold starts",
            [
                metrics.site(names, "ColdStarts").for_dashboard(label="cold starts"),
                metrics.function(names, "ConcurrentExecutions").for_dashboard(label="most at once", stat="Maximum"),
            ],
        ),
        _graph("Consumed capacity units of the tables", capacity),
        _graph("Events created", [metrics.site(names, "EventsCreated").for_dashboard(label="events created")]),
        _graph(
            "Time in the function (ms)",
            [
                metrics.function(names, "Duration").for_dashboard(label=stat, stat=stat)
                for stat in ("p50", "p95", "Maximum")
            ],
        ),
        _graph(
            "Sign-ins refused",
            [
                metrics.site(names, "SignInFailures").for_dashboard(label="wrong password or code"),
                metrics.site(names, "SignInLockouts").for_dashboard(label="too many attempts"),
            ],
        ),
        {
            "type": "log",
            "properties": {
                "title": "Latest errors",
                "region": "${AWS::Region}",
                "view": "table",
                "query": f"SOURCE '{names.function_logs}' | filter level = 'ERROR' or status >= 500 "
                "| sort @timestamp desc | limit 20 | display @timestamp, @message",
            },
        },
    ]


def _graph(title: str, rows: list[list[Any]]) -> dict[str, Any]:
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "region": "${AWS::Region}",
            "view": "timeSeries",
            "stat": "Sum",
            "period": 300,
            "yAxis": {"left": {"min": 0}},
            "metrics": rows,
        },
    }


def _placed(number: int, widget: dict[str, Any]) -> dict[str, Any]:
    row, column = divmod(number, _COLUMNS)
    return {"x": column * _WIDTH, "y": row * _HEIGHT, "width": _WIDTH, "height": _HEIGHT, **widget}
