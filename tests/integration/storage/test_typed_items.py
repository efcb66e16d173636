"""The reader of the whole list returns the same events as the reader of single ones."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import services
from events.storage import lists as event_lists
from events.storage.items import read_fields
from events.storage.typed_items import fields_of, read_response
from tests.support.builders import ACTOR, make_fields

WHOLE: dict[str, dict[str, Any]] = {
    name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in make_fields().items()
}
VALUES = st.one_of(
    st.builds(dict, S=st.text()),
    st.builds(dict, N=st.integers(-(10**40), 10**40).map(str) | st.sampled_from(["1.5", "1E+3", "-0", "", "x", "007"])),
    st.sampled_from([{"NULL": True}, {"BOOL": False}, {"L": [{"S": "x"}]}, {"M": {"S": {"S": "x"}}}]),
)
ITEMS = st.fixed_dictionaries(
    {"eventId": st.builds(dict, S=st.text())},
    optional={**{name: st.just(WHOLE[name]) | VALUES for name in WHOLE if name != "eventId"}, "more": VALUES},
)


def response(*items: dict[str, Any]) -> bytes:
    return orjson.dumps({"Items": items, "Count": len(items), "ConsumedCapacity": {"CapacityUnits": 0.5}})


@given(capacity=st.integers(-(10**15), 10**15), text=st.text(), more=VALUES)
def test_a_complete_item_is_read_as_typed(capacity: int, text: str, more: dict[str, Any]) -> None:
    item = {**WHOLE, "title": {"S": text}, "capacity": {"N": str(capacity)}, "revision": more}
    [typed] = read_response(response(item))["Items"]
    assert not isinstance(typed, dict)
    assert fields_of(typed) == read_fields(item) == make_fields(title=text, capacity=capacity)


@given(st.lists(ITEMS, max_size=3))
def test_any_item_is_read_like_a_single_one(items: list[dict[str, Any]]) -> None:
    read = read_response(response(*items))["Items"]
    assert list(map(fields_of, read)) == list(map(read_fields, items))


def test_the_rest_of_the_response_is_kept() -> None:
    more = {
        "LastEvaluatedKey": {"eventId": {"S": "x"}},
        "ConsumedCapacity": {"TableName": "events", "CapacityUnits": 1.5},
    }
    assert read_response(orjson.dumps({"Items": [], **more, "ScannedCount": 7})) == {"Items": [], **more}


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"Items": [', b"\xff"])
def test_invalid_json_raises(content: bytes) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        read_response(content)


def test_the_list_is_read_with_types(monkeypatch: pytest.MonkeyPatch) -> None:
    services.create_event(make_fields(), ACTOR)
    monkeypatch.setattr("events.storage.typed_items.read_fields", lambda item: pytest.fail("read as any JSON"))
    assert event_lists.list_events() == [make_fields()]
