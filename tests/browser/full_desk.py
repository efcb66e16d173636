"""The addresses of the staff pages, and what must be stored so that each of them has something to show."""

from __future__ import annotations

from datetime import timedelta

from events import batches, bulk, copies, services
from events.domain import Actor, Search
from events.pages.today import today
from events.tasks import Batch
from eventsite.accounts import keys
from eventsite.accounts.domain import Rotation, Scope
from tests.support.builders import ACTOR, make_fields, make_staff

ADA = Actor("ada", "127.0.0.1")
LONG = "A title that goes on and on, with Donaudampfschifffahrtsgesellschaftskapitänsmütze in it, " + "x" * 120
PAGES = [
    "/staff/",
    "/staff/events/",
    "/staff/events/?q=nothing+like+this",
    "/staff/events/?first=nonsense",
    "/staff/events/?location=Main+hall&status=active&first=2020-01-01&last=2999-12-31&sort=latest",
    "/staff/events/new/",
    f"/staff/events/new/?copy=launch&date={today().isoformat()}",
    "/staff/event/launch/",
    "/staff/event/launch/edit/",
    "/staff/event/launch/copy/",
    "/staff/event/launch/delete/",
    "/staff/event/launch/status/",
    "/staff/event/story/",
    "/staff/event/deleted/",
    "/staff/calendar/",
    "/staff/calendar/?view=week",
    "/staff/calendar/?view=agenda&status=draft",
    "/staff/calendar/?month=2031-01",
    "/staff/event/long/move/",
    "/staff/activity/",
    "/staff/activity/?person=nobody&first=nonsense",
    "/staff/security/",
    "/staff/security/?action=failures",
    "/staff/security/?person=nobody&first=nonsense",
    "/staff/deleted/",
    "/staff/import/",
    "/staff/account/",
    "/staff/account/password/",
    "/staff/account/sessions/",
    "/staff/account/passkeys/new/",
    "/staff/people/",
    "/staff/people/new/",
    "/staff/people/eva/",
    "/staff/people/eva/sessions/",
    "/staff/people/ada/sessions/",
    "/staff/people/eva/deactivate/",
    "/staff/people/eva/reset-password/",
    "/staff/keys/",
    "/staff/keys/new/",
    "/staff/keys/6b6b6b6b6b6b/rotate/",
    "/staff/keys/6b6b6b6b6b6b/revoke/",
    "/staff/nothing/here/",
    "/staff/event/never-was/",
]


def fill_desk() -> dict[str, Batch]:
    """Stores events, people and a key for every page, and a batch in each state."""
    make_staff("ada", "admin")
    make_staff("eva", "editor")
    keys.create_key("website", Scope.WRITE, ADA, b"k" * 30, timedelta(days=9))  # with the ID 6b6b6b6b6b6b
    keys.rotate_key("6b6b6b6b6b6b", ADA, Rotation(timedelta(days=1), timedelta(days=9)))
    day = today().isoformat()
    services.create_event(make_fields(date=day, description="Two\nlines."), ACTOR)
    for status in ("draft", "completed", "postponed", "cancelled", "pencilled in"):
        services.create_event(make_fields(eventId=status, title=f"Is {status}", date=day, status=status), ACTOR)
    services.create_event(make_fields(eventId="long", title=LONG, location=LONG, organizer=LONG, date=day), ACTOR)
    services.update_event("launch", {"title": "Launch evening", "capacity": 10**15}, ACTOR)
    story = "A story in one breath, " * 400
    services.create_event(make_fields(eventId="story", date=day, description=f"{story}with an end."), ACTOR)
    services.update_event("story", {"description": f"{story}{'w' * 200}"}, ACTOR)
    services.create_event(make_fields(eventId="deleted", title="Deleted"), ACTOR)
    services.delete_event("deleted", ACTOR)
    waiting = bulk.prepare_delete(Search(), [], ADA)
    done = bulk.prepare_status(Search(), [], "active", ADA)
    services.update_event("long", {"capacity": 3}, ACTOR)
    copying = copies.prepare_copies(make_fields(title=LONG), [today(), today() + timedelta(1)], ADA)
    return {"waiting": waiting, "copying": copying, "report": batches.run(done.id, ADA, seconds=60)}
