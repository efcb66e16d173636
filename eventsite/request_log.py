"""Lambda's log, as JSON that CloudWatch can search: one line for each request, and all other records.

aws-lambda-powertools does the same, but takes 32 ms of CPU at each cold start; this takes 2.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

import orjson
from django.conf import settings

from eventsite import observed
from eventsite.observed import Observation
from eventsite.secret_addresses import mask

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
METRICS = {
    "Requests": "Count",
    "ServerErrors": "Count",
    "Milliseconds": "Milliseconds",
    "ColdStarts": "Count",
    "EventsCreated": "Count",
    "SignInLockouts": "Count",
    "SignInFailures": "Count",
}
_DIRECTIVE = {
    "Namespace": "Events",
    "Dimensions": [["Stage"]],
    "Metrics": [{"Name": name, "Unit": unit} for name, unit in METRICS.items()],
}


def write_request(observation: Observation, milliseconds: float, cold_start: bool) -> None:
    """Writes the request's line, with its metrics. Never bodies, cookies, keys or paths: the route is enough."""
    line = {
        "level": "INFO",
        "logger": "eventsite.requests",
        "message": f"{observation.method} {observation.route} {observation.status}",
        "requestId": observation.request_id,
        "method": observation.method,
        "route": observation.route,
        "status": observation.status,
        "coldStart": cold_start,
        "actor": observation.actor,
        "eventId": observation.event_id,
        "consumedCapacity": observation.capacity,
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [_DIRECTIVE]},
        "Stage": settings.EVENTS_STAGE,
        "Requests": 1,
        "ServerErrors": int(observation.status >= 500),
        "Milliseconds": round(milliseconds, 1),
        "ColdStarts": int(cold_start),
        **{name: observation.counts[name] for name in ("EventsCreated", "SignInLockouts", "SignInFailures")},
    }
    sys.stdout.write(f"{_as_json(line)}\n")
    sys.stdout.flush()


class JSONFormatter(logging.Formatter):
    """A record as one line of JSON, with the request ID, the traceback, and the fields of the security log."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        observation = observed.current()
        if request := getattr(record, "request", None):  # Django logs the path, which may name an event
            message = message.replace(request.path, route_of(request))
        line: dict[str, Any] = {"level": record.levelname, "logger": record.name, "message": message}
        if fields := getattr(record, "security", None):
            line |= {"message": fields["event"], **fields}
        if observation.request_id:
            line["requestId"] = observation.request_id
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return mask(_as_json(line))


class LineFormatter(logging.Formatter):
    """A record as text, for other places than Lambda."""

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


def _as_json(line: dict[str, Any]) -> str:
    try:
        return orjson.dumps(line, default=str).decode()
    except TypeError:  # a lone surrogate, which orjson refuses
        return json.dumps(line, default=str)


def route_of(request: Any) -> str:
    """The pattern that the address matches, such as "/events/<event_id>"."""
    if match := request.resolver_match:
        return f"/{match.route}"
    return "/static/" if request.path_info.startswith("/static/") else "(none)"
