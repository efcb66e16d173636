"""Which request bodies and queries are valid."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from events.api.schemas import CreateEvent, ListQuery, UpdateEvent
from tests.support.builders import make_body


def test_a_create_needs_no_id() -> None:
    assert CreateEvent(**make_body()).eventId is None
    assert CreateEvent(**make_body(eventId=None)).eventId is None
    assert CreateEvent(**make_body(eventId="x")).eventId == "x"


def test_an_update_refuses_null_and_unknown_fields() -> None:
    with pytest.raises(ValidationError) as raised:
        UpdateEvent.model_validate({"title": None, "colour": "red", "eventId": "x"})
    assert [error["loc"] for error in raised.value.errors()] == [("eventId",), ("title",), ("colour",)]
    assert UpdateEvent().model_dump(exclude_unset=True) == {}


@pytest.mark.parametrize("limit", ["1", "1000", 7])
def test_valid_limits(limit: Any) -> None:
    assert ListQuery(limit=limit).limit == int(limit)


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "", "1.0", " 1", "٣", "1" * 5000, "1_0", 0])
def test_invalid_limits(limit: Any) -> None:
    with pytest.raises(ValidationError, match="must be a whole number from 1 to 1,000"):
        ListQuery(limit=limit)
