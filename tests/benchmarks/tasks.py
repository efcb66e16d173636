"""`make bench-tasks`: ten everyday tasks on the desk and on Django's own admin, in clicks, keys and page loads.

A browser does each task on both sites, which hold the same events, from the page that follows sign-in. Then the result
is read from the database; if one is wrong, the exit code is 1. `tasks_person.py` says what counts as a step.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django
from playwright.sync_api import Error, sync_playwright

from eventsite.engine.process import Engine, free_port
from tests.benchmarks import tasks_admin
from tests.benchmarks.tasks_events import write_rows
from tests.benchmarks.tasks_person import Steps
from tests.support import chromium

TASKS = {
    "Change one status from the list": "change_a_status",
    "Find an event by two of its words": "find_an_event",
    "Create one like last month's": "create_like_last_month",
    "Enter a weekly event for ten weeks": "enter_a_weekly_event",
    "Move all March events of one organizer by a week": "move_march",
    "Reverse a wrong delete": "reverse_a_delete",
    "See who changed a capacity, and from what": "see_who_changed_a_capacity",
    "Print next month (up to the print dialog)": "print_next_month",
    "Import 200 rows": "import_rows",
    "Give a colleague read-only access": "give_read_access",
}
FLAGS = ["--no-sandbox", "--disable-gpu"]


def main() -> None:
    with (
        TemporaryDirectory() as folder,
        Engine(Path(".dynamodb"), free_port(), data=None, home=os.environ.get("DYNAMODB_LOCAL_HOME")) as engine,
        tasks_admin.serve(Path(folder) / "admin.sqlite3") as admin_address,
    ):
        os.environ.update(DYNAMODB_ENDPOINT_URL=engine.url, DJANGO_SETTINGS_MODULE="eventsite.settings", DEBUG="true")
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright keeps an event loop in this thread
        django.setup()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium.installed(), args=FLAGS)
            failed = _compare(browser, admin_address, Path(folder))
            browser.close()
    sys.exit(failed)


def _compare(browser: Any, admin_address: str, folder: Path) -> bool:
    """Prints the table. Returns whether a task failed."""
    from tests.benchmarks import tasks_desk
    from tests.support.http_server import running_server

    logging.disable(logging.INFO)
    tasks_desk.store_events()
    file = folder / "courses.csv"
    write_rows(file)
    failed = False
    sys.stdout.write(
        "| task | desk: clicks, keys, pages | admin: clicks, keys, pages | note |\n| --- | --- | --- | --- |\n"
    )
    with running_server() as server:
        sides = (
            tasks_desk.Desk(browser, server.url, file),
            tasks_admin.Admin(browser, admin_address, folder / "admin.sqlite3"),
        )
        for name, method in TASKS.items():
            desk, admin = (_do(side, method) for side in sides)
            failed = failed or not (desk and admin)
            sys.stdout.write(f"| {name} | {desk or 'failed'} | {admin or 'failed'} | {_note(desk, admin)} |\n")
            sys.stdout.flush()
    return failed


def _do(side: Any, method: str) -> Steps | None:
    """The steps of a task; None if it could not be done, or its result is wrong."""
    task: Callable[[], None] = getattr(side, method)
    side.person.start()
    try:
        task()
    except (AssertionError, Error) as error:
        sys.stderr.write(f"{type(side).__name__}.{method}: {error!r}\n")
        return None
    steps: Steps = side.person.steps
    return steps


def _note(desk: Steps | None, admin: Steps | None) -> str:
    parts = f"the desk loads {desk.parts} part{'s'[: desk.parts > 1]} of a page" if desk and desk.parts else ""
    return "; ".join(note for note in (parts, admin.note if admin else "") if note)


if __name__ == "__main__":
    main()
