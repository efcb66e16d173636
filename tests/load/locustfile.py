"""Locust runs the users without a pause between their steps, and counts their results."""

from __future__ import annotations

import os
from itertools import count

from locust import User, constant, task

from tests.load.users import ApiCaller, Editor
from tests.load.users import User as Somebody

_numbers = count()


class _Scheduled(User):  # type: ignore[misc]
    abstract = True
    wait_time = constant(0)
    user: Somebody

    def _note(self, name: str, milliseconds: float, length: int, error: Exception | None) -> None:
        self.environment.events.request.fire(
            request_type="", name=name, response_time=milliseconds, response_length=length, exception=error, context={}
        )

    @task  # type: ignore[untyped-decorator]
    def step(self) -> None:
        self.user.step()


class Caller(_Scheduled):
    fixed_count = int(os.environ["LOAD_CALLERS"])

    def on_start(self) -> None:
        self.user = ApiCaller(self.environment.host, self._note, next(_numbers), os.environ["LOAD_TOKEN"])


class Staff(_Scheduled):
    fixed_count = int(os.environ["LOAD_EDITORS"])
    _numbers = count()

    def on_start(self) -> None:
        self.user = Editor(self.environment.host, self._note, next(self._numbers))
