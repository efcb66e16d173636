"""Every operation of the site. Tests prepare it, send it with a broken call, and count how often it was done."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from events import batches, services
from events.domain import Event, EventRange
from events.storage.connection import DynamoDB
from events.tasks import Task
from eventsite.accounts import keys, people
from eventsite.accounts.domain import Role, Scope
from eventsite.accounts.models import Staff
from tests.support.api_calls import send
from tests.support.builders import ACTOR, PASSWORD, day, make_body, make_feed, make_fields, make_staff, store
from tests.support.clients import client_of
from tests.support.csv_rows import HEADER, csv_row
from tests.support.fault_proxy import FaultProxy
from tests.support.page_reader import fields
from tests.support.stored import get_history

NEW_PASSWORD = "another battery horse"


def always() -> int:
    """For reads, which count as done once."""
    return 1


class Prepared(NamedTuple):
    """A request to send, and a function that returns how often it was done."""

    send: Callable[[], Any]
    done: Callable[[], int] = always
    repeatable: bool = True  # if it is sent twice, it must be done once


@dataclass
class World:
    """An admin, and a name for the event of one run of an operation."""

    name: str
    api: APIClient
    admin: Client
    ada: Staff

    def create(self, **overrides: Any) -> Event:
        return store(self.name, **{"date": day(1), **overrides})

    def changes(self) -> int:
        return len(get_history(self.name))

    def changed(self) -> Callable[[], int]:
        """A function that returns the number of changes since now."""
        before = self.changes()
        return lambda: self.changes() - before

    def staff(self) -> Staff:
        return make_staff(self.name, "viewer")

    def submit(self, path: str, **changes: Any) -> Callable[[], Any]:
        """Opens a form now and returns a function that sends it."""
        typed = {**fields(self.admin.get(path)), **changes}
        return lambda: self.admin.post(path, typed)


Operation = Callable[[World], Prepared]
Worlds = Callable[[], World]


def settled(faults: FaultProxy, send: Callable[[], Any]) -> Any:
    """The response, when no call is running. Only an attempt that timed out can still be running after it."""
    started = time.monotonic()
    response = send()
    if time.monotonic() - started >= min(DynamoDB.timeouts):
        faults.settle()
    return response


def _read(path: str) -> Operation:
    def operation(world: World) -> Prepared:
        world.create()
        return Prepared(lambda: world.admin.get(path.replace("*", world.name)))

    return operation


def _api_read(path: str) -> Operation:
    def operation(world: World) -> Prepared:
        world.create()
        return Prepared(lambda: send(world.api, "GET", path.replace("*", world.name)))

    return operation


def api_get_with_a_key(world: World) -> Prepared:
    world.create()
    _, token = keys.create_key(world.name, Scope.READ, ACTOR)
    return Prepared(lambda: send(world.api, "GET", f"/events/{world.name}", Authorization=f"Bearer {token}"))


def api_create(world: World) -> Prepared:
    body = make_body(eventId=world.name)
    return Prepared(lambda: send(world.api, "POST", "/events", body), world.changes)


def api_create_without_an_id(world: World) -> Prepared:
    body = make_body(status=world.name)

    def count() -> int:
        return len([event for event in services.list_events(EventRange())[0] if event["status"] == world.name])

    return Prepared(lambda: send(world.api, "POST", "/events", body), count, repeatable=False)


def api_create_with_a_key(world: World) -> Prepared:
    prepared = api_create_without_an_id(world)
    body = make_body(status=world.name)
    return Prepared(lambda: send(world.api, "POST", "/events", body, Idempotency_Key=world.name), prepared.done)


def api_update(world: World) -> Prepared:
    world.create()
    body = {"capacity": 1, "title": "Changed"}
    return Prepared(lambda: send(world.api, "PUT", f"/events/{world.name}", body), world.changed())


def api_update_conditionally(world: World) -> Prepared:
    tag = f'"{world.create().revision}"'
    body = {"capacity": 1, "title": "Changed"}
    return Prepared(lambda: send(world.api, "PUT", f"/events/{world.name}", body, If_Match=tag), world.changed())


def api_delete(world: World) -> Prepared:
    world.create()
    return Prepared(lambda: send(world.api, "DELETE", f"/events/{world.name}"), world.changed())


def create_form(world: World) -> Prepared:
    sent = world.submit("/staff/events/new/", **make_body(status=world.name))
    return Prepared(sent, api_create_without_an_id(world).done)


def edit_form(world: World) -> Prepared:
    world.create()
    return Prepared(world.submit(f"/staff/event/{world.name}/edit/", title="Edited"), world.changed())


def delete_form(world: World) -> Prepared:
    world.create()
    return Prepared(world.submit(f"/staff/event/{world.name}/delete/"), world.changed())


def undo_update(world: World) -> Prepared:
    world.create()
    at = services.update_event(world.name, {"capacity": 1}, ACTOR).updated_at
    path = f"/staff/event/{world.name}/undo/?at={at}"
    return Prepared(lambda: world.admin.post(path), world.changed())


def undo_delete(world: World) -> Prepared:
    world.create()
    path = f"/staff/event/{world.name}/undo/?at={services.delete_event(world.name, ACTOR).at}"
    return Prepared(lambda: world.admin.post(path), world.changed())


def restore(world: World) -> Prepared:
    created = world.create()
    revision = services.update_event(world.name, {"capacity": 1}, ACTOR).revision
    typed = {"at": created.updated_at, "revision": revision}
    return Prepared(lambda: world.admin.post(f"/staff/event/{world.name}/restore/", typed), world.changed())


def restore_deleted(world: World) -> Prepared:
    created = world.create()
    services.delete_event(world.name, ACTOR)
    typed = {"at": created.updated_at, "revision": ""}
    return Prepared(lambda: world.admin.post(f"/staff/event/{world.name}/restore/", typed), world.changed())


def choose_bulk(world: World) -> Prepared:
    """Choosing events changes none of them."""
    world.create()
    typed = {"event": world.name, "do": "status", "status": "draft"}
    changed = world.changed()
    return Prepared(lambda: world.admin.post("/staff/events/bulk/", typed), lambda: 1 + changed())


def run_bulk(world: World) -> Prepared:
    world.create()
    chosen: Any = world.admin.post("/staff/events/bulk/", {"event": world.name, "do": "status", "status": "draft"})
    return Prepared(lambda: world.admin.post(chosen["Location"]), world.changed())


def undo_bulk(world: World) -> Prepared:
    world.create()
    chosen: Any = world.admin.post("/staff/events/bulk/", {"event": world.name, "do": "delete"})
    world.admin.post(chosen["Location"])
    path = f"{urlsplit(chosen['Location']).path}undo/"

    def undo() -> Any:
        """Confirms the batch and continues it, as the progress page does."""
        answer = world.admin.post(path)
        return world.admin.post(answer["Location"]) if answer.status_code == 302 else answer

    return Prepared(undo, world.changed())


def check_import(world: World) -> Prepared:
    """Checking a file changes no event."""
    content = f"{HEADER}\n{csv_row(eventId=world.name)}\n".encode()
    return Prepared(
        lambda: world.admin.post("/staff/import/", {"file": SimpleUploadedFile("events.csv", content)}),
        lambda: 1 + world.changes(),
    )


def run_import(world: World) -> Prepared:
    task = Task("create", world.name, "T", changes=make_fields(eventId=world.name), row=2)
    batch = batches.prepare("import", [task], ACTOR._replace(name="ada"), "events.csv")
    return Prepared(lambda: world.admin.post(f"/staff/batches/{batch.id}/"), world.changes)


def calendar_feed(world: World) -> Prepared:
    world.create()
    path = make_feed(world.ada)
    return Prepared(lambda: Client(headers={"Accept": "text/calendar"}).get(path))


def turn_off_feed(world: World) -> Prepared:
    staff = world.staff()
    make_feed(staff)
    browser = client_of(staff)
    return Prepared(
        lambda: browser.post("/staff/account/feed/end/"), lambda: int(not people.get_staff(staff.username).has_feed)
    )


def sign_in(world: World) -> Prepared:
    world.staff()
    browser = Client(headers={"Accept": "text/html"})
    typed = {"username": world.name, "password": PASSWORD}

    def signed_in() -> int:
        return int(browser.get("/staff/account/").status_code == 200)

    return Prepared(lambda: browser.post("/staff/login/", typed), signed_in)


def _of_oneself(path: str, done: Callable[[Staff, Client], bool], **typed: str) -> Operation:
    def operation(world: World) -> Prepared:
        staff = world.staff()
        browser = client_of(staff)
        return Prepared(lambda: browser.post(path, typed), lambda: int(done(staff, browser)))

    return operation


def _is_signed_out(_: Staff, browser: Client) -> bool:
    copied = Client(headers={"Accept": "text/html"})  # a copied cookie must become invalid too
    copied.cookies.update(browser.cookies)
    return copied.get("/staff/account/").status_code == 302


def change_password(world: World) -> Prepared:
    staff = world.staff()
    browser = client_of(staff)
    typed = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}

    def done() -> int:
        now = people.get_staff(staff.username)
        assert now.check_password(PASSWORD) != now.check_password(NEW_PASSWORD)
        return int(now.check_password(NEW_PASSWORD))

    return Prepared(lambda: browser.post("/staff/account/password/", typed), done)


def create_key(world: World) -> Prepared:
    sent = world.submit("/staff/keys/new/", name=world.name, scope="write")
    return Prepared(sent, lambda: len([key for key in keys.list_keys() if key.name == world.name]))


def rotate_key(world: World) -> Prepared:
    key, _ = keys.create_key(world.name, Scope.READ, ACTOR)
    sent = world.submit(f"/staff/keys/{key.id}/rotate/", keep_current="1")
    return Prepared(sent, lambda: len([one for one in keys.list_keys() if one.id == key.id and one.rotated_at]))


def revoke_key(world: World) -> Prepared:
    key, _ = keys.create_key(world.name, Scope.READ, ACTOR)
    path = f"/staff/keys/{key.id}/revoke/"

    def revoked() -> int:
        return len([one for one in keys.list_keys() if one.id == key.id and one.revoked_at])

    return Prepared(lambda: world.admin.post(path), revoked)


def add_person(world: World) -> Prepared:
    sent = world.submit("/staff/people/new/", username=world.name, role="admin")
    return Prepared(sent, lambda: len([staff for staff in people.list_staff() if staff.username == world.name]))


def change_role(world: World) -> Prepared:
    world.staff()
    path = f"/staff/people/{world.name}/"
    return Prepared(
        lambda: world.admin.post(path, {"role": "admin"}), lambda: int(people.get_staff(world.name).role == Role.ADMIN)
    )


def deactivate(world: World) -> Prepared:
    world.staff()
    path = f"/staff/people/{world.name}/deactivate/"
    return Prepared(lambda: world.admin.post(path), lambda: int(not people.get_staff(world.name).is_active))


def reactivate(world: World) -> Prepared:
    world.staff()
    people.deactivate(world.name, ACTOR)
    path = f"/staff/people/{world.name}/reactivate/"
    return Prepared(lambda: world.admin.post(path), lambda: int(people.get_staff(world.name).is_active))


def reset_password(world: World) -> Prepared:
    world.staff()
    path = f"/staff/people/{world.name}/reset-password/"
    return Prepared(
        lambda: world.admin.post(path), lambda: int(not people.get_staff(world.name).check_password(PASSWORD))
    )


API: dict[str, Operation] = {
    "list": _api_read("/events"),
    "list of a status": _api_read("/events?status=active"),
    "list page": _api_read("/events?limit=5"),
    "get": _api_read("/events/*"),
    "get with an API key": api_get_with_a_key,
    "create": api_create,
    "create without an id": api_create_without_an_id,
    "create with Idempotency-Key": api_create_with_a_key,
    "update": api_update,
    "update with If-Match": api_update_conditionally,
    "delete": api_delete,
}
PAGES: dict[str, Operation] = {
    "home": _read("/staff/"),
    "events": _read("/staff/events/"),
    "search": _read("/staff/events/?q=launch"),
    "event": _read("/staff/event/*/"),
    "form": _read("/staff/event/*/edit/"),
    "calendar": _read("/staff/calendar/"),
    "activity": _read("/staff/activity/"),
    "people": _read("/staff/people/"),
    "keys": _read("/staff/keys/"),
    "export as CSV": _read("/staff/export/"),
    "export as Excel": _read("/staff/export/?format=xlsx"),
    "calendar feed": calendar_feed,
    "create form": create_form,
    "edit form": edit_form,
    "delete form": delete_form,
    "undo an update": undo_update,
    "undo a delete": undo_delete,
    "restore": restore,
    "restore a deleted one": restore_deleted,
    "bulk, chosen": choose_bulk,
    "bulk, confirmed": run_bulk,
    "bulk, undone": undo_bulk,
    "import, checked": check_import,
    "import, confirmed": run_import,
    "sign-in": sign_in,
    "sign-out": _of_oneself("/staff/logout/", _is_signed_out),
    "sign-out everywhere": _of_oneself("/staff/account/sign-out-everywhere/", _is_signed_out),
    "password change": change_password,
    "feed renewed": _of_oneself(
        "/staff/account/feed/", lambda staff, _: people.get_staff(staff.username).feed_hash != staff.feed_hash
    ),
    "feed turned off": turn_off_feed,
    "API key made": create_key,
    "API key rotated": rotate_key,
    "API key revoked": revoke_key,
    "person added": add_person,
    "role changed": change_role,
    "person deactivated": deactivate,
    "person reactivated": reactivate,
    "password reset": reset_password,
}
OPERATIONS = {**API, **PAGES}
