"""The dashboard of a stage. It costs 3 USD a month; the first three of an account are free."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

from events.storage.models import TABLES
from eventsite.stack import metrics
from eventsite.stack.data import read_data
from eventsite.stack.names import Names
from eventsite.stack.stage import Stage
from eventsite.stack.table_resources import table_name

_COLUMNS, _WIDTH, _HEIGHT = 3, 8, 6


def dashboard_resource(stage: Stage) -> dict[str, Any]:
    body = {"widgets": [_placed(number, widget) for number, widget in enumerate(_widgets(stage))]}
    return {
        "Type": "AWS::CloudWatch::Dashboard",
        "DeletionPolicy": "Delete",
        "Properties": {"DashboardName": stage.names.function, "DashboardBody": {"Fn::Sub": json.dumps(body)}},
    }


def _widgets(stage: Stage) -> Iterator[dict[str, Any]]:
    for graph in read_data("dashboard.toml")["graphs"]:
        properties = {
            "title": graph["title"],
            "region": "${AWS::Region}",
            "view": "timeSeries",
            "stat": "Sum",
            "period": 300,
            "yAxis": {"left": {"min": 0}},
            "metrics": list(_rows(graph, stage.names)),
        }
        yield {"type": "metric", "properties": properties}
    properties = {
        "title": "Latest errors",
        "region": "${AWS::Region}",
        "view": "table",
        "query": f"SOURCE '{stage.names.function_logs}' | filter level = 'ERROR' or status >= 500 "
        "| sort @timestamp desc | limit 20 | display @timestamp, @message",
    }
    yield {"type": "log", "properties": properties}


def _rows(graph: dict[str, Any], names: Names) -> Iterator[list[Any]]:
    for row in graph.get("rows", []):
        yield metrics.of_stage(names, row.pop("metric")).for_dashboard(**row)
    for table, kind in product(TABLES, graph.get("capacity", [])):
        metric, *_ = metrics.table(table, names, f"Consumed{kind}CapacityUnits")
        yield metric.for_dashboard(label=f"{table_name(table, names)}, {kind.lower()}")


def _placed(number: int, widget: dict[str, Any]) -> dict[str, Any]:
    row, column = divmod(number, _COLUMNS)
    return {"x": column * _WIDTH, "y": row * _HEIGHT, "width": _WIDTH, "height": _HEIGHT, **widget}
