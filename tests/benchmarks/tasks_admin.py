"""The ten tasks on Django's own admin, with two of its options turned on: `save_as` and `list_editable`.

Run as a program, it stores the events, serves the admin, and prints its port.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, expect

from tests.benchmarks import tasks_events as given
from tests.benchmarks.tasks_events import Fields, later
from tests.benchmarks.tasks_person import Person, Steps

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse"
TYPED_ROWS = 2


@contextmanager
def serve(database: Path) -> Iterator[str]:
    """The admin in a process of its own. Yields its address."""
    command = [sys.executable, "-m", "tests.benchmarks.tasks_admin"]
    environment = {**os.environ, "DESK_DB": str(database)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parent / "peers" / "django_admin"))
    import desk  # type: ignore[import-not-found]  # noqa: F401  # it configures Django
    from deskapp.admin import EventAdmin  # type: ignore[import-not-found]
    from deskapp.models import Event  # type: ignore[import-not-found]
    from django.contrib.admin.models import CHANGE, LogEntry
    from django.contrib.auth.models import User
    from django.contrib.contenttypes.models import ContentType
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.management import call_command
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    EventAdmin.save_as, EventAdmin.list_editable = True, ["date", "status"]
    call_command("migrate", verbosity=0, run_syncdb=True)
    User.objects.create_superuser("ada", "", PASSWORD)
    Event.objects.bulk_create(Event(**fields) for fields in given.EVENTS if fields != given.DELETED)
    resized = Event.objects.get(eventId=given.RESIZED["eventId"])
    Event.objects.filter(pk=resized.pk).update(capacity=given.NEW_CAPACITY)
    LogEntry.objects.create(
        user=User.objects.create_superuser("ben", "", PASSWORD),
        content_type=ContentType.objects.get_for_model(Event),
        object_id=str(resized.pk),
        object_repr=str(resized),
        action_flag=CHANGE,
        change_message=json.dumps([{"changed": {"fields": ["Capacity"]}}]),  # as the admin writes it
    )
    server = ThreadedWSGIServer(
        ("127.0.0.1", 0), type("Quiet", (WSGIRequestHandler,), {"log_message": lambda *_: None})
    )
    server.set_app(StaticFilesHandler(get_wsgi_application()))
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


class Admin:
    def __init__(self, browser: Browser, address: str, database: Path) -> None:
        self.database = database
        self.person = Person(browser, f"{address}/admin/")
        self.page = self.person.page
        self.page.goto(f"{address}/admin/login/")
        self.page.locator("#id_username").fill("ada")
        self.page.locator("#id_password").fill(PASSWORD)
        self.page.locator("input[type=submit]").click()
        self.page.wait_for_url("**/admin/")

    def _query(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database)) as database:
            return database.execute(query).fetchall()

    def _stored(self) -> dict[str, Fields]:
        """Every event by its ID."""
        names = list(given.FOUND)
        rows = self._query(f"select {', '.join(names)} from deskapp_event")
        return {row[0]: dict(zip(names, row, strict=True)) for row in rows}

    def _go(self, path: str) -> None:
        """Follows a link of the index."""
        self.person.open(self.page.locator(f"#content-main a[href='/admin/{path}']").first)

    def _go_to_month(self, month: str) -> None:
        """Follows the links above the list: the year, the month."""
        self._go("deskapp/event/")
        for name in (month[:4], f"{date.fromisoformat(f'{month}-01'):%B %Y}"):
            self.person.open(self.page.locator(".toplinks").get_by_role("link", name=name, exact=True))

    def _save(self, button: str = "_save") -> None:
        self.person.open(self.page.locator(f"input[name={button}]").first)

    def _link(self, name: str) -> Locator:
        return self.page.locator("#content").get_by_role("link", name=name, exact=True)

    def _row(self, event: Fields) -> Locator:
        return self.page.locator("#result_list tbody tr", has_text=event["title"])

    def _type_fields(self, event: Fields) -> None:
        for name, value in event.items():
            self.person.type(self.page.locator(f"#id_{name}"), str(value))

    def _pick_week_later(self, place: Locator, event: Fields) -> None:
        """From the calendar beside the field: fewer steps than to type the date."""
        old, new = (date.fromisoformat(one["date"]) for one in (event, later(event, 7)))
        self.person.click(place.locator("a[id^=calendarlink]"))
        calendar = self.page.locator(".calendarbox:visible")
        if old.month != new.month:
            self.person.click(calendar.locator(".calendarnav-next"))
        self.person.click(calendar.locator("table").get_by_role("link", name=str(new.day), exact=True))

    def change_a_status(self) -> None:
        self._go("deskapp/event/")
        self.person.type(self._row(given.POSTPONED).locator("[name$=status]"), "postponed")
        self._save()
        assert self._stored()[given.POSTPONED["eventId"]]["status"] == "postponed"

    def find_an_event(self) -> None:
        self._go("deskapp/event/")
        self.person.type(self.page.locator("#searchbar"), given.TWO_WORDS)
        with self.page.expect_event("domcontentloaded"):
            self.person.press("Enter")
        expect(self.page.locator("#result_list .field-title")).to_have_text([given.FOUND["title"]])

    def create_like_last_month(self) -> None:
        self._go_to_month(given.LAST_MONTH["date"][:7])
        self.person.open(self._link(given.LAST_MONTH["title"]))
        created = given.LIKE_LAST_MONTH
        for name in ("eventId", "date"):
            self.person.type(self.page.locator(f"#id_{name}"), created[name])
        self._save("_saveasnew")
        assert self._stored()[created["eventId"]] == created

    def enter_a_weekly_event(self) -> None:
        self._go("deskapp/event/add/")
        self._type_fields(given.WEEKLY[0])
        self._save("_continue")
        for last, event in zip(given.WEEKLY, given.WEEKLY[1:], strict=False):
            self.person.type(self.page.locator("#id_eventId"), event["eventId"])
            self._pick_week_later(self.page.locator(".field-date"), last)
            self._save("_saveasnew")
        stored = self._stored()
        assert [stored[event["eventId"]] for event in given.WEEKLY] == given.WEEKLY

    def move_march(self) -> None:
        expected = {**self._stored(), **{event["eventId"]: later(event, 7) for event in given.IN_MARCH}}
        self._go_to_month(given.IN_MARCH[0]["date"][:7])
        for event in given.IN_MARCH:
            self._pick_week_later(self._row(event).locator(".field-date"), event)
        self._save()
        assert self._stored() == expected

    def reverse_a_delete(self) -> None:
        self.person.steps.note = "the admin cannot: the event is typed again, from another source"
        self._go("deskapp/event/add/")
        self._type_fields(given.DELETED)
        self._save()
        assert self._stored()[given.DELETED["eventId"]] == given.DELETED

    def see_who_changed_a_capacity(self) -> None:
        self.person.steps.note = "the admin shows who, but not from what"
        self._go("deskapp/event/")
        self.person.open(self._link(given.RESIZED["title"]))
        self.person.open(self._link("History"))
        changes = self.page.locator("#change-history tbody")
        expect(changes).to_contain_text("ben")
        expect(changes).to_contain_text("Changed Capacity.")

    def print_next_month(self) -> None:
        self._go_to_month(given.NEXT_MONTH)
        self.person.press("Control+p")
        self.page.emulate_media(media="print")
        expected = [e["title"] for e in self._stored().values() if e["date"].startswith(given.NEXT_MONTH)]
        assert sorted(self.page.locator("#result_list .field-title").all_inner_texts()) == sorted(expected)
        if self.page.locator("#changelist-filter").is_visible():
            self.person.steps.note = "the admin prints its filters and buttons too"

    def import_rows(self) -> None:
        self._go("deskapp/event/add/")
        self.person.steps = Steps(times=len(given.ROWS) // TYPED_ROWS)
        self.person.steps.note = f"the admin cannot: {TYPED_ROWS} rows were typed, and the steps for all are estimated"
        for row in given.ROWS[:TYPED_ROWS]:
            self._type_fields(row)
            self._save("_addanother")
            assert self._stored()[row["eventId"]] == row

    def give_read_access(self) -> None:
        self._go("auth/user/add/")
        for name, text in (("username", given.COLLEAGUE), ("password1", PASSWORD), ("password2", PASSWORD)):
            self.person.type(self.page.locator(f"#id_{name}"), text)
        self._save()
        self.person.click(self.page.locator("#id_is_staff"))
        self.person.click(self.page.locator("#id_user_permissions_from option", has_text="Can view event"))
        self.person.click(self.page.locator(".field-user_permissions .selector-add"))
        self._save()
        tables = "auth_user, auth_user_user_permissions, auth_permission"
        same = "auth_user.id = user_id and auth_permission.id = permission_id"
        found = self._query(f"select username, is_staff, is_superuser, codename from {tables} where {same}")
        assert found == [(given.COLLEAGUE, 1, 0, "view_event")]


if __name__ == "__main__":
    main()
