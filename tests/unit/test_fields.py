"""What is written out once more for mypy or for speed has the same fields as the table in events/fields.py."""

from __future__ import annotations

from typing import get_type_hints

import orjson
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from events.domain import EventChanges, EventFields, EventSummary
from events.fields import FIELDS, SUMMARY_NAMES
from events.pages.forms import NewEventForm
from events.storage.items import read_fields, read_summary
from events.storage.models import EventItem
from events.storage.typed_items import fields_of, read_response

KINDS = {field.name: field.kind for field in FIELDS}
EXAMPLE = {field.name: field.example for field in FIELDS}
ITEM = {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in EXAMPLE.items()}


def test_types_have_every_field() -> None:
    assert list(get_type_hints(EventFields).items()) == list(KINDS.items())
    assert get_type_hints(EventSummary) == {**{name: KINDS[name] for name in SUMMARY_NAMES}, "revision": str}
    assert get_type_hints(EventChanges) == {name: kind for name, kind in KINDS.items() if name != "eventId"}


def test_items_have_every_field() -> None:
    attributes = {name: type(attribute) for name, attribute in EventItem.get_attributes().items() if name in KINDS}
    assert attributes == {name: NumberAttribute if kind is int else UnicodeAttribute for name, kind in KINDS.items()}


def test_readers_read_every_field() -> None:
    [typed] = read_response(orjson.dumps({"Items": [ITEM]}))["Items"]
    assert not isinstance(typed, dict)
    assert list(read_fields(ITEM).items()) == list(fields_of(typed).items()) == list(EXAMPLE.items())
    assert read_summary(ITEM) == {**{name: EXAMPLE[name] for name in SUMMARY_NAMES}, "revision": ""}


def test_the_form_has_every_field() -> None:
    required = {name: field.required for name, field in NewEventForm.base_fields.items() if name in KINDS}
    assert required == {field.name: field.required for field in FIELDS}
