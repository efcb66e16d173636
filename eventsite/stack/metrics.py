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


def of_stage(names: Names, metric: str) -> Metric:
    """A metric of the stage's API, function or site, by namespace and name: "AWS/Lambda Errors"."""
    namespace, name = metric.split()
    dimensions = {
        # Zappa gives the API the function's name, and API Gateway's stage the stage's name.
        "AWS/ApiGateway": (("ApiName", names.function), ("Stage", names.stage)),
        "AWS/Lambda": (("FunctionName", names.function),),
        METRICS_NAMESPACE: (("Stage", names.stage),),  # the function writes these into its log
    }
    return Metric(namespace, name, dimensions[namespace])


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
