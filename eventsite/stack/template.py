"""The CloudFormation template of a stage's stack."""

from __future__ import annotations

from typing import Any

from eventsite.stack.alarms import alarm_resources
from eventsite.stack.dashboard import dashboard_resource
from eventsite.stack.data import read_data
from eventsite.stack.role import role_resource
from eventsite.stack.stage import Stage
from eventsite.stack.table_resources import table_resources

# The function's log has the lines of the security log. Storing one gigabyte of them costs about 0.03 USD a month.
_SECURITY_LOG_DAYS = 365


def make_template(stage: Stage) -> dict[str, Any]:
    names, fixed = stage.names, read_data("template.toml")
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Events, stage {names.stage}: tables, role, logs, alarms and dashboard (manage.py stack)",
        "Parameters": fixed["Parameters"],
        "Conditions": fixed["Conditions"],
        "Resources": {
            **table_resources(stage),
            "FunctionRole": role_resource(stage),
            "FunctionLogs": _logs(names.function_logs, stage, max(stage.log_retention_days, _SECURITY_LOG_DAYS)),
            "AccessLogs": _logs(names.access_logs, stage, stage.log_retention_days),
            **_with_names(fixed["Resources"], stage),
            **alarm_resources(stage),
            "Dashboard": dashboard_resource(stage),
        },
    }


def _logs(name: str, stage: Stage, days: int) -> dict[str, Any]:
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Retain",
        "Properties": {"LogGroupName": name, "RetentionInDays": days, "Tags": stage.tags},
    }


def _with_names(resources: dict[str, Any], stage: Stage) -> dict[str, Any]:
    bucket = {"Fn::Sub": stage.names.packages_bucket("${AWS::AccountId}", "${AWS::Region}")}
    for logical, key, name in (
        ("Packages", "BucketName", bucket),
        ("AlarmsTopic", "TopicName", stage.names.alarms_topic),
    ):
        others = resources[logical].get("Properties", {})
        resources[logical]["Properties"] = {key: name, **others, "Tags": stage.tags}
    return resources
