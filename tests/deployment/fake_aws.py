"""A fake of AWS. botocore checks the shape of each call and each response against AWS's own description."""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.session import Session
from botocore.stub import ANY, Stubber


@cache
def _session() -> Session:
    """One for all tests, because each session reads AWS's descriptions of the services again."""
    return Session()


def create_client(service: str) -> Any:
    return _session().create_client(service, "eu-west-1", aws_access_key_id="none", aws_secret_access_key="none")


class FakeAWS:
    """Replaces `eventsite.stack.aws.Clients`. Fails on a call that is not expected, and on one that is missing."""

    def __init__(self) -> None:
        self._clients: dict[str, tuple[Any, Stubber]] = {}

    def _pair(self, service: str) -> tuple[Any, Stubber]:
        if service not in self._clients:
            client = create_client(service)
            stubber = Stubber(client)
            stubber.activate()
            self._clients[service] = client, stubber
        return self._clients[service]

    def of(self, service: str) -> Any:
        return self._pair(service)[0]

    @property
    def cloudformation(self) -> Any:
        return self.of("cloudformation")

    def expect(self, service: str, operation: str, response: dict[str, Any] | None = None, **sent: Any) -> None:
        """The service's next call is this operation, with these arguments if any are given."""
        self._pair(service)[1].add_response(operation, response or {}, sent or None)

    def expect_error(self, service: str, operation: str, code: str, message: str = "", **sent: Any) -> None:
        self._pair(service)[1].add_client_error(operation, code, message, expected_params=sent or None)

    def assert_all_called(self) -> None:
        for _, stubber in self._clients.values():
            stubber.assert_no_pending_responses()


__all__ = ["ANY", "FakeAWS"]
