"""The ten tasks on the desk, which runs in this process."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from playwright.sync_api import Browser, Locator, expect

from events import services
from events.domain import Actor, EventFields, EventRange
from events.storage.tables import create_tables
from eventsite.accounts import people
from tests.benchmarks import tasks_events as given
from tests.benchmarks.tasks_events import Fields, later
from tests.benchmarks.tasks_person import Person
from tests.support.builders import PASSWORD, make_staff


def store_events() -> None:
    create_tables()
    make_staff("ada", "admin")
    for fields in given.EVENTS:
        services.create_event(cast(EventFields, fields), Actor("ben"))
    services.update_event(given.RESIZED["eventId"], {"capacity": given.NEW_CAPACITY}, Actor("ben"))
    services.delete_event(given.DELETED["eventId"], Actor("ben"))


def _stored() -> list[Fields]:
    """Every event, in order of date. The IDs are left out: the desk generates them."""
    return [_without_id({**event}) for event in services.list_events(EventRange())[0]]


def _without_id(event: Fields) -> Fields:
    return {**event, "eventId": None}


def _titled(*titles: str) -> list[Fields]:
    return [event for event in _stored() if event["title"] in titles]


class Desk:
    def __init__(self, browser: Browser, address: str, file: Path) -> None:
        self.file = file
        self.person = Person(browser, f"{address}/staff/")
        self.page = self.person.page
        self.page.goto(f"{address}/staff/login/")
        self.page.get_by_label("Username").fill("ada")
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_url("**/staff/")

    def _go(self, name: str) -> None:
        """Follows a link of the menu."""
        self.person.open(self.page.get_by_role("navigation", name="Pages").get_by_role("link", name=name, exact=True))

    def _link(self, name: str) -> Locator:
        return self.page.locator("main").get_by_role("link", name=name, exact=True)

    def _button(self, name: str) -> Locator:
        return self.page.locator("main").get_by_role("button", name=name, exact=True)

    def _field(self, label: str) -> Locator:
        return self.page.locator("main").get_by_label(label)

    def _copy_menu(self) -> Locator:
        return self.page.locator("main summary", has_text="Copy")

    def change_a_status(self) -> None:
        self._go("Events")
        title = given.POSTPONED["title"]
        self.person.click(self.page.locator(".list tr", has_text=title).locator("a[data-status]"))
        self.person.open(self.page.locator("#status-menu").get_by_role("button", name="postponed"))
        assert [event["status"] for event in _titled(title)] == ["postponed"]

    def find_an_event(self) -> None:
        self._go("Events")
        self.person.type(self.page.get_by_label("Search"), given.TWO_WORDS)
        expect(self.page.locator("#count")).to_have_text("1 event")
        expect(self.page.locator("td.title")).to_have_text([given.FOUND["title"]])

    def create_like_last_month(self) -> None:
        self._go("Calendar")
        self.person.open(self.page.locator("main a[rel=prev]"))
        self.person.open(self._link(given.LAST_MONTH["title"]))
        self.person.click(self._copy_menu())
        self.person.type(self._field("Copy to"), given.LIKE_LAST_MONTH["date"])
        self.person.open(self._button("Create the copy"))
        expected = [given.LAST_MONTH, given.LIKE_LAST_MONTH]
        assert _titled(given.LAST_MONTH["title"]) == [_without_id(event) for event in expected]

    def enter_a_weekly_event(self) -> None:
        first = given.WEEKLY[0]
        self.person.open(self._link("New event"))
        for name in ("title", "date", "location", "organizer", "description", "capacity"):
            self.person.type(self.page.locator(f"main [name={name}]"), str(first[name]))
        status = self.page.locator(f"main input[name=status][value={first['status']}]")
        if not status.is_checked():
            self.person.click(status)
        self.person.open(self._button("Save"))
        self.person.click(self._copy_menu())
        self.person.open(self._link("Several days, weekly or monthly…"))
        self.person.click(self._field("Every week"))
        self.person.type(self._field("Number of copies"), "9")
        self.person.open(self._button("Continue"))
        self.person.click(self._button("Create 9 events"))
        expect(self.page.get_by_text("9 events created")).to_be_visible()
        assert _titled(first["title"]) == [_without_id(event) for event in given.WEEKLY]

    def move_march(self) -> None:
        others = [event for event in _stored() if event not in map(_without_id, given.IN_MARCH)]
        self._go("Events")
        self.person.choose(self.page.get_by_label("Organizer"), given.MARCH_ORGANIZER)
        expect(self._link(f"Organizer: {given.MARCH_ORGANIZER} (remove this filter)")).to_be_visible()
        for event, with_shift in ((given.IN_MARCH[0], False), (given.IN_MARCH[-1], True)):
            self.person.click(self._field(f"Select {event['title']}"), with_shift)
        self.person.open(self._button("Edit…"))
        self.person.type(self._field("Move the date by days"), "7")
        self.person.open(self._button("Preview the changes"))
        self.person.click(self._button(f"Change {len(given.IN_MARCH)} events"))
        expect(self.page.get_by_text(f"{len(given.IN_MARCH)} events updated")).to_be_visible()
        moved = [later(_without_id(event), 7) for event in given.IN_MARCH]
        assert sorted(_stored(), key=str) == sorted([*others, *moved], key=str)

    def reverse_a_delete(self) -> None:
        self._go("Deleted")
        self.person.open(self._button(f"Restore {given.DELETED['title']}"))
        assert services.get_event(given.DELETED["eventId"]).fields == given.DELETED

    def see_who_changed_a_capacity(self) -> None:
        self._go("Events")
        self.person.open(self._link(given.RESIZED["title"]))
        change = f"ben · capacity {given.RESIZED['capacity']} → {given.NEW_CAPACITY}"
        expect(self.page.locator(".timeline li").first).to_contain_text(change)

    def print_next_month(self) -> None:
        self._go("Calendar")
        self.person.open(self.page.locator("main a[rel=next]"))
        self.person.press("Control+p")
        self.page.emulate_media(media="print")
        expected = [event["title"] for event in _stored() if event["date"].startswith(given.NEXT_MONTH)]
        assert sorted(self.page.locator("a.month-title").all_inner_texts()) == sorted(expected)
        expect(self.page.locator(".side")).to_be_hidden()

    def import_rows(self) -> None:
        self._go("Import")
        self.person.choose_file(self.page.locator("input[type=file]"), self.file)
        self.person.open(self._button("Check the file"))
        self.person.click(self._button("Import 200 events"))
        expect(self.page.get_by_text("200 events imported")).to_be_visible(timeout=60_000)
        expected = sorted(map(_without_id, given.ROWS), key=str)
        assert sorted(_titled(*(row["title"] for row in given.ROWS)), key=str) == expected

    def give_read_access(self) -> None:
        self._go("People")
        self.person.open(self._link("Add a person"))
        self.person.type(self._field("Username"), given.COLLEAGUE)
        self.person.open(self._button("Add"))
        staff = people.get_staff(given.COLLEAGUE)
        assert (staff.role, staff.is_active) == ("viewer", True)
        assert staff.check_password(self.page.locator(".secret").first.inner_text())
