"""Watches a stage's alarms after its live version has changed."""

from __future__ import annotations

import time

from eventsite.deployment import DeploymentError
from eventsite.stack.alarms import alarm_resources
from eventsite.stack.aws import Clients
from eventsite.stack.stage import Stage

SECONDS_TO_WATCH = 60
PAUSE_SECONDS = 10.0


def firing(clients: Clients, stage: Stage) -> set[str]:
    """The names of the alarms that are on, except those of sign-ins, which do not depend on the version."""
    alarms = alarm_resources(stage).items()
    names = [alarm["Properties"]["AlarmName"] for logical, alarm in alarms if not logical.startswith("SignIn")]
    found = clients.of("cloudwatch").describe_alarms(AlarmNames=names, StateValue="ALARM", MaxRecords=100)
    return {alarm["AlarmName"] for alarm in found["MetricAlarms"]}


def watch(clients: Clients, stage: Stage, before: set[str], seconds: float) -> None:
    """Raises DeploymentError if an alarm goes off that was not on before."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(PAUSE_SECONDS, left))
        if new := sorted(firing(clients, stage) - before):
            raise DeploymentError(f"This alarm went off: {', '.join(new)}.")
