"""Pydantic models, as the seed's 'models/event.py' describes them."""

from __future__ import annotations

import re
from datetime import date as _date
from typing import Annotated, Optional

from pydantic import AfterValidator, BaseModel, Field, StrictInt, StrictStr


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _iso_date(value: str) -> str:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("must be YYYY-MM-DD")
    _date.fromisoformat(value)
    return value


Text = Annotated[StrictStr, AfterValidator(_not_blank)]
IsoDate = Annotated[StrictStr, AfterValidator(_iso_date)]
Capacity = Annotated[StrictInt, Field(ge=0)]


class CreateEvent(BaseModel):
    eventId: Optional[Text] = None
    title: Text
    description: StrictStr
    date: IsoDate
    location: Text
    capacity: Capacity
    organizer: Text
    status: Text


class UpdateEvent(BaseModel):
    title: Optional[Text] = None
    description: Optional[StrictStr] = None
    date: Optional[IsoDate] = None
    location: Optional[Text] = None
    capacity: Optional[Capacity] = None
    organizer: Optional[Text] = None
    status: Optional[Text] = None


class Event(BaseModel):
    eventId: str
    title: str
    description: str
    date: str
    location: str
    capacity: int
    organizer: str
    status: str
