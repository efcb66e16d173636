"""What an import would do with each row, for files of all kinds."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from events import services
from events.domain import EventFields, EventRange
from events.fields import allows, trim_changes
from events.imports import FieldChange, PlannedRow
from events.mapping import FieldMapping, recognise
from events.spreadsheets.csv_file import write_csv
from events.spreadsheets.workbook import write_workbook
from events.storage.models import EventItem, HistoryItem
from events.tasks import Task
from events.visible_text import trimmed
from tests.support.builders import make_fields
from tests.support.csv_rows import HEADER, csv_row
from tests.support.hostile_texts import TEXT_FIELDS
from tests.support.import_plans import create, only, plan_cells, plan_csv, plan_file, reasons
from tests.support.strategies import event_ids, field_values
from tests.support.tables import read_table

relaxed = hypothesis_settings(deadline=None, max_examples=50)  # slow on a busy machine


def test_each_row_is_new_changed_unchanged_or_an_error() -> None:
    same, changed = create(eventId="same"), create(eventId="changed")
    plan = plan_csv(
        HEADER,
        csv_row(eventId="same"),
        csv_row(eventId="changed", title="Lunch", capacity=0),
        csv_row(eventId="new", title="Gala", description=""),
        csv_row(eventId="wrong", title="", date="2026-02-30", capacity=-1),
    )
    assert plan.notices == []
    assert plan.rows == [
        PlannedRow(2, "same", "same", "Launch night"),
        PlannedRow(
            3,
            "changed",
            "changed",
            "Lunch",
            changes=[FieldChange("title", "Launch night", "Lunch"), FieldChange("capacity", 250, 0)],
            task=Task("update", "changed", "Lunch", changed.revision, {"title": "Lunch", "capacity": 0}, 3),
        ),
        PlannedRow(
            4,
            "new",
            "new",
            "Gala",
            task=Task(
                "create",
                "new",
                "Gala",
                changes=make_fields(eventId="new", title="Gala", description=""),
                row=4,
            ),
        ),
        PlannedRow(
            5,
            "wrong",
            "wrong",
            "",
            [
                "title must not be empty",
                "date must be a day that exists; February 2026 has 28 days",
                "capacity must not be negative",
            ],
        ),
    ]
    assert [len(rows) for rows in (plan.new, plan.changed, plan.same, plan.wrong, plan.tasks)] == [1, 1, 1, 1, 2]
    assert services.get_event("same") == same
    assert len(read_table(EventItem)) == len(read_table(HistoryItem)) == 2


def test_existing_events_do_not_need_every_column() -> None:
    event = create()
    row = only(plan_csv("Event ID,STATUS", "launch,cancelled"))
    assert row.task == Task("update", "launch", "Launch night", event.revision, {"status": "cancelled"}, 2)


def test_a_new_event_needs_every_column_except_description_and_id() -> None:
    assert reasons(plan_csv("event_id,Title,capacity", "new,Gala,80")) == (
        "date is missing; location is missing; organizer is missing; status is missing"
    )
    plan = plan_csv("title,date,location,capacity,organizer,status", "Gala,2026-12-31,Roof,80,Ann,draft")
    assert (plan.questions, plan.missing) == ({}, [])
    assert plan.notices == ["No column is used as the event ID, so no existing event will change."]
    [task] = plan.tasks
    assert task.changes == make_fields(
        eventId=task.event_id,
        title="Gala",
        description="",
        date="2026-12-31",
        location="Roof",
        capacity=80,
        organizer="Ann",
        status="draft",
    )
    assert len(task.event_id) == 36
    assert only(plan).event_id == ""


def test_rows_without_an_id_are_new_events() -> None:
    line = csv_row(eventId="")
    assert len({task.event_id for task in plan_csv(HEADER, line, line).tasks}) == 2


def test_a_second_row_for_the_same_event_is_an_error() -> None:
    create()
    plan = plan_csv("eventId,status", "launch,a", "", "launch,b", "launch,c")
    assert [(row.number, row.fate, row.reasons) for row in plan.rows] == [
        (2, "changed", []),
        (4, "wrong", ["eventId is the same as in row 2"]),
        (5, "wrong", ["eventId is the same as in row 2"]),
    ]


def test_unused_columns_are_named() -> None:
    create()
    plan = plan_csv("eventId,status,Room no.,,<b>", "launch,active,7,x,y")
    assert plan.notices == ["These columns are not used: “Room no.”, “<b>”."]
    assert only(plan).fate == "same"


def test_not_all_of_many_unused_columns_are_named() -> None:
    [notice] = plan_csv("eventId," + ",".join(f"c{number}" for number in range(12)), "launch").notices
    assert notice.endswith("“c9” and 2 more.")


@pytest.mark.parametrize("start", ["\ufeff\ufeff", "\u200b", "event\u00ad"])
def test_hidden_characters_in_the_header_are_ignored(start: str) -> None:
    """A column that looks like eventId is eventId."""
    event = create()
    plan = plan_csv(f"{start}{'Id' if start.startswith('event') else 'eventId'},status", "launch,cancelled")
    assert plan.notices == []
    assert only(plan).task == Task("update", "launch", "Launch night", event.revision, {"status": "cancelled"}, 2)


def test_long_cells_in_unknown_columns_are_ignored() -> None:
    create()
    assert only(plan_csv("eventId,remarks,status", f"launch,{'x' * 140_000},active")).fate == "same"


def test_columns_with_the_same_name_are_asked_about() -> None:
    plan = plan_csv("title,date,Title,DATE", "a,2027-01-01,c,2027-01-01")
    assert plan.questions == {
        "title": "Several columns are named “title”. Choose one.",
        "date": "Several columns are named “date”. Choose one.",
    }
    assert plan.mapping == {}


def test_fields_that_new_events_lack_are_asked_for() -> None:
    create()
    assert plan_csv("eventId,title,date", "new,Gala,2027-01-01").missing == [
        "location",
        "capacity",
        "organizer",
        "status",
    ]
    assert plan_csv("eventId,status", "launch,draft", ",draft").missing[:2] == ["title", "date"]
    assert plan_csv("eventId,status", "launch,draft", "mistyped,draft").missing == []


def test_one_value_is_for_all_rows() -> None:
    event = create()
    mapping: FieldMapping = {"eventId": 0, "title": 1, "date": "2027-01-02", "location": "Roof ", "capacity": "1"}
    plan = plan_csv(
        "a,b", "launch,Launch night", "new,Gala", mapping={**mapping, "organizer": "Ann", "status": "Draft"}
    )
    changes = {"date": "2027-01-02", "location": "Roof", "capacity": 1, "organizer": "Ann", "status": "Draft"}
    assert plan.tasks[0] == Task("update", "launch", "Launch night", event.revision, changes, 2)
    assert plan.tasks[1].changes == {"eventId": "new", "title": "Gala", "description": "", **changes}


def test_a_status_takes_the_spelling_in_use() -> None:
    create(status="Active")
    plan = plan_csv(HEADER, csv_row(status="ACTIVE "), csv_row(eventId="new", status="active"))
    assert [row.fate for row in plan.rows] == ["same", "new"]
    assert plan.tasks[0].changes["status"] == "Active"


def test_a_stored_status_keeps_its_spelling() -> None:
    create(status="active"), create(eventId="b", status="ACTIVE")
    assert [row.fate for row in plan_csv(HEADER, csv_row(), csv_row(eventId="b", status="ACTIVE")).rows] == [
        "same",
        "same",
    ]


def test_html_in_descriptions_of_other_programs_becomes_text() -> None:
    header, end = "Title,Description,Date,Location,Capacity,Organizer,Status", "2027-01-01,c,1,d,e"
    html = f"a,<p>One</p><p>Two</p>,{end}"
    plan = plan_csv(header, html, f"a,One < Two,{end}", f"a,,{end}")
    assert [task.changes["description"] for task in plan.tasks] == ["One\n\nTwo", "One < Two", ""]
    assert plan.notices[-1] == "1 row has a description in HTML. It is converted to plain text."
    plan = plan_csv(header, html, f"a,a &amp; b,{end}")
    assert plan.notices[-1] == "2 rows have a description in HTML. It is converted to plain text."


def test_html_of_our_own_exports_and_of_one_value_for_all_rows_stays() -> None:
    header = "Title,Date,Location,Capacity,Organizer,Status"
    mapping = {**recognise(header.split(",")), "description": "<p>b</p>"}
    for plan in (
        plan_csv(HEADER, csv_row(description="<p>b</p>")),
        plan_csv(header, "a,2027-01-01,c,1,d,e", mapping=mapping),
    ):
        assert plan.tasks[0].changes["description"] == "<p>b</p>"
        assert "HTML" not in " ".join(plan.notices)


def test_more_cells_than_columns_are_an_error() -> None:
    create()
    assert reasons(plan_csv("eventId,status", "launch,active, or not")) == (
        "row has more cells than there are column names; is a quotation mark missing?"
    )
    assert only(plan_csv("eventId,status", "launch,active,,")).fate == "same"


def test_cells_beside_an_excel_table_are_ignored() -> None:
    create()
    assert only(plan_cells(["eventId", "status"], ["launch", "active", None, "ask Bob"])).fate == "same"


def test_a_file_of_german_excel_can_be_read() -> None:
    text = (
        "eventId;title;description;date;location;capacity;organizer;status\r\n"
        'a1;Frühlingsfest;"Musik; ""live""\nim Hof";1.5.2026;Café „Süd“;120;Jörg;aktiv\r\n'
        ";;;;;;;\r\n"
    )
    plan = plan_file(text.encode("cp1252"))
    assert [task.changes for task in plan.tasks] == [
        {
            "eventId": "a1",
            "title": "Frühlingsfest",
            "description": 'Musik; "live"\nim Hof',
            "date": "2026-05-01",
            "location": "Café „Süd“",
            "capacity": 120,
            "organizer": "Jörg",
            "status": "aktiv",
        }
    ]
    assert len(plan.notices) == 1


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("a", "b", ("a", "b")),
        (250, 0, ("250", "0")),
        ("x" * 200, "y" * 200, ("x" * 200, "y" * 200)),
        ("x" * 300, "x" * 299 + "y", ("…" + "x" * 41, "…" + "x" * 40 + "y")),
        ("x" * 20 + "y" * 300, "x" * 20, ("x" * 20 + "y" * 180 + "…", "x" * 20)),
    ],
)
def test_long_texts_are_shown_from_their_difference(before: Any, after: Any, shown: tuple[str, str]) -> None:
    assert FieldChange("description", before, after).excerpts == shown


def is_valid_when_trimmed(event: dict[str, Any]) -> bool:
    """A text of invisible characters only is an error for an import: `AT_THE_ENDS` has such texts."""
    return all(allows(name, value) for name, value in trim_changes(event, {}).items())


anything = st.fixed_dictionaries({"eventId": event_ids, **field_values}).filter(is_valid_when_trimmed)


@relaxed
@given(st.lists(anything, min_size=1, max_size=4, unique_by=lambda event: trimmed(event["eventId"])))
def test_an_export_can_be_imported_unchanged_except_for_surrounding_spaces(events: list[dict[str, Any]]) -> None:
    written = cast(list[EventFields], events)
    with write_workbook(written) as file:
        plans = [plan_file(b"".join(write_csv(written))), plan_file(file.read())]
    for plan in plans:
        assert plan.notices == []
        assert [task.changes for task in plan.tasks] == [trim_changes(event, {}) for event in events]


AT_THE_ENDS = [
    " a",
    "a ",
    "\u00a0a\u00a0",
    "\u200ba",
    "a\ufeff",
    "\u2028a\u3000",
    "\u200b",
    "\u2800",
    "\u00ad a",
    " =1+1",
]


@pytest.mark.parametrize("text", AT_THE_ENDS)
def test_surrounding_spaces_that_the_api_stored_are_not_a_change(text: str) -> None:
    """A cell equal to the stored text is no change. Other cells are trimmed."""
    said = dict.fromkeys(TEXT_FIELDS, text)
    event = create(**said)
    with write_workbook([event.fields]) as file:
        files = [b"".join(write_csv([event.fields])), file.read()]
    assert [only(plan_file(data)).fate for data in files] == ["same", "same"]
    changed = b"".join(write_csv([{**event.fields, "status": f"{text}b\u00a0", "capacity": 7}]))
    [task] = plan_file(changed).tasks
    assert (task.action, task.event_id) == ("update", text)
    assert task.changes == {"status": trimmed(f"{text}b"), "capacity": 7}


def test_ids_are_found_without_surrounding_spaces() -> None:
    create()
    plan = plan_csv("eventId,status", "\u200blaunch ,active", "launch,draft", "\u00a0,draft")
    assert [(row.fate, row.event_id, row.reasons) for row in plan.rows][:2] == [
        ("same", "launch", []),
        ("wrong", "launch", ["eventId is the same as in row 2"]),
    ]
    assert plan.rows[2].event_id == ""


def test_events_with_similar_ids_are_distinguished() -> None:
    create(), create(eventId=" launch")
    plan = plan_csv("eventId,status", "launch,draft", " launch,draft", "launch ,draft")
    assert [(row.fate, row.event_id) for row in plan.rows] == [
        ("changed", "launch"),
        ("changed", " launch"),
        ("wrong", "launch"),
    ]


def test_importing_an_export_changes_nothing() -> None:
    for number, title in enumerate(["=1+1", "'=1+1", "#N/A", "_x0041_", " spaces ", "007", "TRUE", "1/2", "a;b,c\"d'"]):
        create(eventId=f"{number}", title=title, description="a\nb\t\n", date=f"{1890 + number * 5:04}-02-28")
    events = list(services.list_events(EventRange())[0])
    with write_workbook(events) as file:
        plans = [plan_file(b"".join(write_csv(events))), plan_file(file.read())]
    assert [{row.fate for row in plan.rows} for plan in plans] == [{"same"}, {"same"}]
