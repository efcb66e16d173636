"""The monthly budget of the account. It only sends e-mails: AWS has no limit of costs."""

from __future__ import annotations

from typing import Any

# What AWS expects for the month at today's rate, and what the month has cost. AWS updates both a few times a day.
_PERCENT = {"FORECASTED": 80, "ACTUAL": 100}


def budget_resource() -> dict[str, Any]:
    """Of all costs of the account: costs by tag would need tags that somebody activated for billing a day before.

    It has no name: CloudFormation replaces it when the address changes, and could not with a fixed name.
    """
    return {
        "Type": "AWS::Budgets::Budget",
        "Condition": "HasBudget",
        "Properties": {
            "Budget": {
                "BudgetType": "COST",
                "TimeUnit": "MONTHLY",
                "BudgetLimit": {"Amount": {"Ref": "MonthlyBudget"}, "Unit": "USD"},
            },
            "NotificationsWithSubscribers": [
                {
                    "Notification": {
                        "NotificationType": kind,
                        "ComparisonOperator": "GREATER_THAN",
                        "Threshold": percent,
                        "ThresholdType": "PERCENTAGE",
                    },
                    "Subscribers": [{"SubscriptionType": "EMAIL", "Address": {"Ref": "AlarmEmail"}}],
                }
                for kind, percent in _PERCENT.items()
            ],
        },
    }
