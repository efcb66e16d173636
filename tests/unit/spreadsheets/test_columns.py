"""Column names: of this product, of other programs, and of people."""

from __future__ import annotations

from collections import Counter

import pytest

from events.domain import FIELD_NAMES
from events.spreadsheets.columns import NAMES, field_named, is_own_export, recognised

GOOGLE_CALENDAR = (
    "Subject,Start Date,Start Time,End Date,End Time,All Day Event,Description,Location,Private",
    {"title": "Subject", "description": "Description", "date": "Start Date", "location": "Location"},
)
THE_EVENTS_CALENDAR = (
    (
        "Event Name,Event Description,Event Organizers,Event Venue Name,Event Start Date,Event Start Time,"
        "Event End Date,All Day Event,Event Cost,Event Capacity"
    ),
    {
        "title": "Event Name",
        "description": "Event Description",
        "date": "Event Start Date",
        "location": "Event Venue Name",
        "capacity": "Event Capacity",
        "organizer": "Event Organizers",
    },
)
THE_EVENTS_CALENDAR_IN_CAPITALS = (
    (
        "EVENT NAME,EVENT EXCERPT,EVENT VENUE NAME,EVENT ORGANIZER NAME(S) OR ID(S),EVENT START DATE,EVENT START TIME,"
        "EVENT END DATE,EVENT END TIME,ALL DAY EVENT,TIMEZONE,EVENT DESCRIPTION"
    ),
    {
        "title": "EVENT NAME",
        "description": "EVENT DESCRIPTION",
        "date": "EVENT START DATE",
        "location": "EVENT VENUE NAME",
        "organizer": "EVENT ORGANIZER NAME(S) OR ID(S)",
    },
)
OUTLOOK = (
    (
        "Subject,Start Date,Start Time,End Date,End Time,All day event,Reminder on/off,Reminder Date,Reminder Time,"
        "Meeting Organizer,Required Attendees,Optional Attendees,Meeting Resources,Billing Information,Categories,"
        "Description,Location,Mileage,Priority,Private,Sensitivity,Show time as"
    ),
    {
        "title": "Subject",
        "description": "Description",
        "date": "Start Date",
        "location": "Location",
        "organizer": "Meeting Organizer",
    },
)
OUTLOOK_IN_GERMAN = (
    (
        "Betreff,Beginnt am,Beginnt um,Endet am,Endet um,Ganztägiges Ereignis,Erinnerung Ein/Aus,Erinnerung am,"
        "Erinnerung um,Besprechungsplanung,Erforderliche Teilnehmer,Beschreibung,Kategorien,Ort,Privat"
    ),
    {
        "title": "Betreff",
        "description": "Beschreibung",
        "date": "Beginnt am",
        "location": "Ort",
        "organizer": "Besprechungsplanung",
    },
)
EVENTBRITE = (
    "Event Name,Event ID,Event Status,Event Start Date,Event Start Time,Venue Name,Organizer Name,Sold,Capacity",
    {
        "eventId": "Event ID",
        "title": "Event Name",
        "date": "Event Start Date",
        "location": "Venue Name",
        "capacity": "Capacity",
        "organizer": "Organizer Name",
        "status": "Event Status",
    },
)
MEETUP = (
    "Group name,Event name,Event date,Venue,RSVP limit,RSVPs,Hosts,Event details",
    {
        "title": "Event name",
        "description": "Event details",
        "date": "Event date",
        "location": "Venue",
        "capacity": "RSVP limit",
        "organizer": "Hosts",
    },
)
PRETIX = (
    (
        "Event name,Short form,Shop is live,Event currency,Timezone,Event start time,Event end time,Admission time,"
        "Start of presale,End of presale,Location,Latitude,Longitude,Internal comment"
    ),
    {"title": "Event name", "date": "Event start time", "location": "Location"},
)
WITH_MARKS = (
    "\ufeffEvent ID ,Title*,Description,Date (dd.mm.yyyy),Location,Capacity,Organiser,Status",
    {
        "eventId": "\ufeffEvent ID ",
        "title": "Title*",
        "description": "Description",
        "date": "Date (dd.mm.yyyy)",
        "location": "Location",
        "capacity": "Capacity",
        "organizer": "Organiser",
        "status": "Status",
    },
)


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        GOOGLE_CALENDAR,
        THE_EVENTS_CALENDAR,
        THE_EVENTS_CALENDAR_IN_CAPITALS,
        OUTLOOK,
        OUTLOOK_IN_GERMAN,
        EVENTBRITE,
        MEETUP,
        PRETIX,
        WITH_MARKS,
        (",".join(FIELD_NAMES), dict(zip(FIELD_NAMES, FIELD_NAMES, strict=True))),
        (
            "Titel,Datum,Ort,Kapazität,Veranstalter,Beschreibung",
            {
                "title": "Titel",
                "description": "Beschreibung",
                "date": "Datum",
                "location": "Ort",
                "capacity": "Kapazität",
                "organizer": "Veranstalter",
            },
        ),
        (
            "Titre,Date de début,Lieu,Nombre de places,Organisateur",
            {
                "title": "Titre",
                "date": "Date de début",
                "location": "Lieu",
                "capacity": "Nombre de places",
                "organizer": "Organisateur",
            },
        ),
        (
            "Nombre,Fecha,Lugar,Aforo,Organizador,Descripción",
            {
                "title": "Nombre",
                "description": "Descripción",
                "date": "Fecha",
                "location": "Lugar",
                "capacity": "Aforo",
                "organizer": "Organizador",
            },
        ),
        (
            "Tytuł,Data,Miejsce,Liczba miejsc",
            {
                "title": "Tytuł",
                "date": "Data",
                "location": "Miejsce",
                "capacity": "Liczba miejsc",
            },
        ),
        (
            "Navn,Dato,Sted,Pladser,Arrangør",
            {
                "title": "Navn",
                "date": "Dato",
                "location": "Sted",
                "capacity": "Pladser",
                "organizer": "Arrangør",
            },
        ),
    ],
)
def test_columns_of_people_and_programs_are_recognised(header: str, columns: dict[str, str]) -> None:
    names = header.split(",")
    assert {field: names[position] for field, position in recognised(names).items()} == columns


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("title", "title"),
        ("TITLE", "title"),
        (" Title : ", "title"),
        ("Title *", "title"),
        ("Title (required)", "title"),
        ("Title [max. 100]", "title"),
        ("\ufeffTitle\u200b", "title"),
        ("Event\u00a0Name", "title"),
        ("event_name", "title"),
        ("event-name", "title"),
        ("Titulo", "title"),
        ("Ti\u0301tulo", "title"),
        ("\uff34\uff49\uff54\uff4c\uff45", "title"),
        ("Max. participants", "capacity"),
        ("max participants", "capacity"),
        ("Kapazitat", "capacity"),
        ("Seats (approx.)", "capacity"),
        ("event_id", "eventId"),
        ("Host", "organizer"),
        ("Place", "location"),
        ("Starts at", "date"),
        ("Date & time", "date"),
        ("Date/Time", "date"),
        ("ID", None),
        ("UID", None),
        ("id", None),
        ("Ticket ID", None),
        ("End Date", None),
        ("End", None),
        ("Start Time", None),
        ("Attendees", None),
        ("State", None),
        ("Price", None),
        ("", None),
        ("*", None),
        ("()", None),
        ("(date)", "date"),
        ("x" * 100_000, None),
        ("Date (" + "x" * 100_000 + ")", "date"),
    ],
)
def test_the_form_of_a_name_does_not_matter(name: str, field: str | None) -> None:
    assert field_named(name) == field


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("Start Date,Date", {"date": "Date"}),
        ("Subject,Title", {"title": "Title"}),
        ("Host,Organizer", {"organizer": "Organizer"}),
        ("Venue,Location", {"location": "Location"}),
        ("Date (end),Date (start)", {"date": "Date (start)"}),
        ("End Date,Start Date", {"date": "Start Date"}),
        ("Event Start Time,Event Start Date", {"date": "Event Start Date"}),
        ("Title (German),Title", {"title": "Title"}),
        ("Title,title", {"title": "Title"}),
        ("Name,Event Name,Venue Name", {"title": "Event Name", "location": "Venue Name"}),
        ("ID,Event ID", {"eventId": "Event ID"}),
        ("Start,Datum,Name,Titel", {"title": "Titel", "date": "Datum"}),
        ("Adresse,Salle,Lieu", {"location": "Lieu"}),
        ("Début,Jour", {"date": "Jour"}),
        ("Details,Beschreibung", {"description": "Beschreibung"}),
        ("Organisation,Veranstalter", {"organizer": "Veranstalter"}),
        ("ID,Title", {"title": "Title"}),
    ],
)
def test_of_two_columns_the_one_with_the_better_name_is_used(header: str, columns: dict[str, str]) -> None:
    names = header.split(",")
    assert {field: names[position] for field, position in recognised(names).items()} == columns


def test_each_name_is_of_one_field_and_listed_once() -> None:
    assert tuple(NAMES) == FIELD_NAMES
    assert {name: count for name, count in Counter(sum(NAMES.values(), ())).items() if count > 1} == {}
    assert [(name, field) for field, names in NAMES.items() for name in names if field_named(name) != field] == []


@pytest.mark.parametrize("field", FIELD_NAMES)
def test_the_own_name_of_a_field_is_the_best(field: str) -> None:
    assert recognised([*NAMES[field][1:], field])[field] == len(NAMES[field]) - 1


def test_own_exports_are_known_by_their_first_column() -> None:
    assert is_own_export([*FIELD_NAMES])
    assert is_own_export(["notes", "eventId", "title"])
    assert not is_own_export(["Event ID", "title", "description"])
    assert not is_own_export(GOOGLE_CALENDAR[0].split(","))
