"""The metrics of the alarms and the dashboard, with their dimensions in CloudWatch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pynamodb.models import Model

from eventsite.stack.names import METRICS_NAMESPACE, Names
from eventsite.stack.table_resources import USES, index_names, table_name


@dataclass(frozen=True)
class Metric:
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]

    def for_alarm(self) -> dict[str, Any]:
        return {
            "Namespace": self.namespace,
            "MetricName": self.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in self.dimensions],
        }

    def for_dashboard(self, **options: Any) -> list[Any]:
        """As a row of a widget: a list with the names and values of the dimensions."""
        return [self.namespace, self.name, *(part for pair in self.dimensions for part in pair), options]


def api(names: Names, metric: str) -> Metric:
    """Zappa gives the API the function's name, and API Gateway's stage the stage's name."""
    return Metric("AWS/ApiGateway", metric, (("ApiName", names.function), ("Stage", names.stage)))


def function(names: Names, metric: str) -> Metric:
    return Metric("AWS/Lambda", metric, (("FunctionName", names.function),))


def site(names: Names, metric: str) -> Metric:
    """A metric that the function writes into its log."""
    return Metric(METRICS_NAMESPACE, metric, (("Stage", names.stage),))


def table(model: type[Model], names: Names, metric: str) -> list[Metric]:
    """A metric that DynamoDB counts for the table without its indexes, and for each index."""
    dimensions = ("TableName", table_name(model, names))
    indexes = [(dimensions, ("GlobalSecondaryIndexName", index)) for index in index_names(model)]
    return [Metric("AWS/DynamoDB", metric, pairs) for pairs in [(dimensions,), *indexes]]


def calls(model: type[Model], names: Names, metric: str) -> list[Metric]:
    """A metric that DynamoDB counts for each operation, not for the table."""
    name = table_name(model, names)
    return [
        Metric("AWS/DynamoDB", metric, (("TableName", name), ("Operation", operation)))
        for operation in USES[model].calls
    ]
