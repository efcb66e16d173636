"""AWS's answers, made up: botocore checks that each call, and each answer, is of the shape that AWS describes."""

from __future__ import annotations

from typing import Any

from botocore import session
from botocore.stub import ANY, Stubber


class MadeAWS:
    """In the place of `eventsite.stack.aws.Clients`; what is not expected is an error, and so is what is left over."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[Any, Stubber]] = {}

    def _pair(self, service: str) -> tuple[Any, Stubber]:
        if service not in self._made:
            client = session.Session().create_client(
                service, "eu-west-1", aws_access_key_id="none", aws_secret_access_key="none"
            )
            stubber = Stubber(client)
            stubber.activate()
            self._made[service] = client, stubber
        return self._made[service]

    def of(self, service: str) -> Any:
        return self._pair(service)[0]

    @property
    def cloudformation(self) -> Any:
        return self.of("cloudformation")

    def answers(self, service: str, operation: str, answer: dict[str, Any] | None = None, **sent: Any) -> None:
        """The next call of the service is this one, with these arguments if any are given."""
        self._pair(service)[1].add_response(operation, answer or {}, sent or None)

    def refuses(self, service: str, operation: str, code: str, message: str = "", **sent: Any) -> None:
        self._pair(service)[1].add_client_error(operation, code, message, expected_params=sent or None)

    def is_done(self) -> None:
        for _, stubber in self._made.values():
            stubber.assert_no_pending_responses()


__all__ = ["ANY", "MadeAWS"]
