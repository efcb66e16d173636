"""Calls that AWS throttles, against a server that enforces its quotas."""

from __future__ import annotations

from typing import Any

import pytest

from eventsite.stack import StackError
from eventsite.stack.aws import RETRIES, Clients, aws_errors
from eventsite.stack.stage import read_stage
from tests.deployment.quotas import QUOTAS, QuotaServer


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def clients(monkeypatch: pytest.MonkeyPatch, server: QuotaServer, said: list[str]) -> Clients:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    return Clients(read_stage("dev"), said.append)


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(
    ("service", "operation", "arguments", "name"),
    [
        ("lambda", "list_aliases", {"FunctionName": "f"}, "Lambda limits how often ListAliases"),
        ("cloudformation", "delete_stack", {"StackName": "s"}, "CloudFormation limits how often DeleteStack"),
        ("apigateway", "get_account", {}, "API Gateway limits how often GetAccount"),
    ],
)
def test_calls_wait_and_say_so(
    monkeypatch: pytest.MonkeyPatch, service: str, operation: str, arguments: dict[str, Any], name: str
) -> None:
    said: list[str] = []
    monkeypatch.setitem(QUOTAS, (service, "*"), (0.3, 2))  # lower than AWS's, so that a slow machine reaches it, too
    with QuotaServer() as server:
        client = clients(monkeypatch, server, said).of(service)
        for _ in range(6):
            getattr(client, operation)(**arguments)
    assert sum(allowed for _, allowed in server.calls) == 6
    assert set(said) == {f"{name} may be called: waiting, then trying again."}
    assert len(said) == sum(not allowed for _, allowed in server.calls)


@pytest.mark.usefixtures("credentials")
def test_calls_that_are_throttled_for_too_long_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setitem(RETRIES, "AWS_MAX_ATTEMPTS", "2")
    with QuotaServer() as server:
        client = clients(monkeypatch, server, said).of("apigateway")
        client.create_deployment(restApiId="a")
        with pytest.raises(StackError, match="TooManyRequestsException"), aws_errors():
            client.create_deployment(restApiId="a")
    assert len(said) == 1
