"""Clients with old pages send requests in any order. Each response must agree with a model of the events."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from rest_framework.test import APIClient

from events.domain import FIELD_NAMES
from tests.resilience.reports import DONE
from tests.resilience.truth import Fields, Planned, Seen, TrueBatch, Truth
from tests.support.api_calls import send
from tests.support.builders import make_body, make_staff
from tests.support.clients import client_of
from tests.support.history import assert_history_replays, read_history
from tests.support.page_reader import batch_address, fields, text
from tests.support.stored import get_history
from tests.support.tables import empty_tables

IDS = ("a", "b")
CLIENTS = (0, 1)

# Few values, so that clients often choose the same one.
clients = st.sampled_from(CLIENTS)
ids = st.sampled_from(IDS)
changes = st.fixed_dictionaries(
    {}, optional={"capacity": st.integers(0, 2), "status": st.sampled_from(["active", "draft"])}
)
bodies = changes.map(lambda change: make_body(**change))
some_ids = st.lists(ids, min_size=1, unique=True)


# Requests that can only be refused are rarer than by chance.
if_there = precondition(lambda self: bool(self.truth.present))
if_planned = precondition(lambda self: any(self.batches))


class Race(RuleBasedStateMachine):
    """Each rule is one request. Its response and the stored events must agree with the model."""

    @initialize()
    def begin(self) -> None:
        empty_tables()
        self.truth = Truth()
        self.api = APIClient()
        self.browsers = [client_of(make_staff(f"editor{number}", "editor")) for number in CLIENTS]
        self.seen: list[dict[str, Seen]] = [{} for _ in CLIENTS]
        self.batches: list[list[TrueBatch]] = [[] for _ in CLIENTS]
        self.create(IDS[0], make_body())

    @invariant()
    def all_is_as_it_should_be(self) -> None:
        assert assert_history_replays() == self.truth.present
        assert {event_id: len(rows) for event_id, rows in read_history().items()} == {
            event_id: len(versions) for event_id, versions in self.truth.versions.items()
        }
        listed = json.loads(send(self.api, "GET", "/events").content)
        expected = sorted(self.truth.present.values(), key=lambda event: (event["date"], event["eventId"]))
        assert listed == expected
        for event_id in IDS:
            answer = send(self.api, "GET", f"/events/{event_id}")
            assert (json.loads(answer.content) if answer.status_code == 200 else None) == self.truth.now(event_id)

    @rule(client=clients, event_id=ids)
    def look(self, client: int, event_id: str) -> None:
        """Opens the pages of the event and keeps them open."""
        answer = send(self.api, "GET", f"/events/{event_id}")
        forms = [
            fields(self.browsers[client].get(f"/staff/event/{event_id}/{page}/")) if answer.status_code == 200 else {}
            for page in ("edit", "delete")
        ]
        stamps = [row.at for row in reversed(get_history(event_id))]
        now = self.truth.now(event_id)
        self.seen[client][event_id] = Seen(len(stamps), now, answer.headers.get("ETag", ""), stamps, *forms)

    def _seen(self, client: int, event_id: str) -> Seen:
        """The pages that the client has open, of any age."""
        if event_id not in self.seen[client]:
            self.look(client, event_id)
        return self.seen[client][event_id]

    @rule(event_id=ids, body=bodies)
    def create(self, event_id: str, body: Fields) -> None:
        there = self.truth.now(event_id) is not None
        answer = send(self.api, "POST", "/events", {**body, "eventId": event_id})
        assert answer.status_code == (409 if there else 201)
        if not there:
            self.truth.become(event_id, {"eventId": event_id, **body})

    @rule(key=st.sampled_from(["one", "two"]), event_id=st.none() | ids, body=bodies)
    def create_with_a_key(self, key: str, event_id: str | None, body: Fields) -> None:
        sent = {**body, **({"eventId": event_id} if event_id else {})}
        answer = send(self.api, "POST", "/events", sent, Idempotency_Key=key)
        if key in self.truth.keys:
            first, created = self.truth.keys[key]
            assert answer.status_code == (201 if sent == first else 422)
            assert sent != first or json.loads(answer.content) == created
        elif event_id and self.truth.now(event_id) is not None:
            assert answer.status_code == 409
        else:
            assert answer.status_code == 201
            created = json.loads(answer.content)
            assert created == {**sent, "eventId": event_id or created["eventId"]}
            self.truth.keys[key] = (sent, created)
            self.truth.become(created["eventId"], created)

    @if_there
    @rule(event_id=ids, change=changes)
    def update(self, event_id: str, change: Fields) -> None:
        now = self.truth.now(event_id)
        answer = send(self.api, "PUT", f"/events/{event_id}", change)
        assert answer.status_code == (200 if now else 404)
        if now:
            self.truth.become(event_id, {**now, **change})
            assert json.loads(answer.content) == self.truth.now(event_id)

    @if_there
    @rule(client=clients, event_id=ids, change=changes)
    def update_what_was_seen(self, client: int, event_id: str, change: Fields) -> None:
        seen = self._seen(client, event_id)
        if seen.fields is None:
            return
        answer = send(self.api, "PUT", f"/events/{event_id}", change, If_Match=seen.tag)
        assert answer.status_code == self._wanted(event_id, seen, 200)
        if answer.status_code == 200:
            self.truth.become(event_id, {**seen.fields, **change})

    @if_there
    @rule(event_id=ids)
    def delete(self, event_id: str) -> None:
        event_id = event_id if self.truth.now(event_id) else next(iter(self.truth.present))
        answer = send(self.api, "DELETE", f"/events/{event_id}")
        assert answer.status_code == 204
        self.truth.become(event_id, None)

    @if_there
    @rule(client=clients, event_id=ids)
    def delete_what_was_seen(self, client: int, event_id: str) -> None:
        seen = self._seen(client, event_id)
        if seen.fields is None:
            return
        answer = send(self.api, "DELETE", f"/events/{event_id}", If_Match=seen.tag)
        assert answer.status_code == self._wanted(event_id, seen, 204)
        if answer.status_code == 204:
            self.truth.become(event_id, None)

    def _wanted(self, event_id: str, seen: Seen, done: int) -> int:
        """The expected HTTP status of a change with an expected version."""
        if self.truth.now(event_id) is None:
            return 404
        return done if self.truth.version(event_id) == seen.version else 412

    @if_there
    @rule(client=clients, event_id=ids, change=changes)
    def save_the_form(self, client: int, event_id: str, change: Fields) -> None:
        seen = self._seen(client, event_id)
        if seen.fields is None:
            return
        typed = {**seen.edit_form, **{name: str(value) for name, value in change.items()}}
        answer: Any = self.browsers[client].post(f"/staff/event/{event_id}/edit/", typed)
        wanted = {**seen.fields, **change}
        if self.truth.version(event_id) == seen.version:
            assert answer.status_code == 302
            self.truth.become(event_id, wanted)
        else:  # both versions are shown, unless they are equal
            assert answer.status_code == (302 if self.truth.now(event_id) == wanted else 409)

    @if_there
    @rule(client=clients, event_id=ids)
    def press_delete(self, client: int, event_id: str) -> None:
        seen = self._seen(client, event_id)
        if seen.fields is None:
            return
        answer: Any = self.browsers[client].post(f"/staff/event/{event_id}/delete/", seen.delete_form)
        if self.truth.version(event_id) == seen.version:
            assert answer.status_code == 302
            self.truth.become(event_id, None)
        else:
            assert answer.status_code == (302 if self.truth.now(event_id) is None else 409)

    @rule(client=clients, event_id=ids)
    def undo(self, client: int, event_id: str) -> None:
        """Undoes the latest change that the client saw."""
        seen = self._seen(client, event_id)
        if not seen.version:
            return
        answer: Any = self.browsers[client].post(f"/staff/event/{event_id}/undo/?at={seen.stamps[-1]}")
        if self.truth.version(event_id) == seen.version:
            assert answer.status_code == 302
            self.truth.become(event_id, self.truth.state(event_id, seen.version - 1))
        elif self._has_reversed(client, event_id, seen.version):
            assert answer.status_code == 302  # as for the second of two clicks; it changes nothing
        else:
            assert answer.status_code == 409

    def _has_reversed(self, client: int, event_id: str, version: int) -> bool:
        """Whether the client's own change is the latest one, and reverses the one that made this version."""
        return (
            self.truth.version(event_id) == version + 1
            and self.truth.now(event_id) == self.truth.state(event_id, version - 1)
            and get_history(event_id, 1)[0].actor == f"editor{client}"
        )

    def _has_restored(self, client: int, event_id: str, version: int, at: str) -> bool:
        """Whether the latest change is the client's restore of this version."""
        latest = get_history(event_id, 1)[0]
        made_it = (latest.restored, latest.actor) == (at, f"editor{client}")
        return made_it and self.truth.version(event_id) == version + 1

    @rule(client=clients, event_id=ids, back=st.integers(0, 3))
    def restore(self, client: int, event_id: str, back: int) -> None:
        """Restores a version that the client saw."""
        seen = self._seen(client, event_id)
        if back >= seen.version:
            return
        version = seen.version - back
        wanted = self.truth.state(event_id, version)
        form = {"at": seen.stamps[version - 1], "revision": seen.revision}
        answer: Any = self.browsers[client].post(f"/staff/event/{event_id}/restore/", form)
        # While the event does not exist, an invalid revision is as current as a deletion.
        current = self.truth.version(event_id) == seen.version or (seen.fields is self.truth.now(event_id) is None)
        if not current and self._has_restored(client, event_id, seen.version, form["at"]):
            assert answer.status_code == 302  # as for the second of two clicks; it changes nothing
        elif not current:
            assert answer.status_code == 412
        elif wanted is None:
            assert answer.status_code == 404
        else:
            assert answer.status_code == 302
            self.truth.become(event_id, wanted)

    @if_there
    @rule(client=clients, chosen=some_ids, status=st.none() | st.sampled_from(["active", "draft"]))
    def choose(self, client: int, chosen: list[str], status: str | None) -> None:
        """Plans a new status or a deletion of several events, without executing it."""
        form = {"event": chosen, **({"do": "status", "status": status} if status else {"do": "delete"})}
        answer: Any = self.browsers[client].post("/staff/events/bulk/", form)
        there = {event_id: now for event_id in chosen if (now := self.truth.now(event_id))}
        assert answer.status_code == 302
        assert answer["Location"].startswith("/staff/batches/") == bool(there)
        planned = [
            Planned(event_id, self.truth.version(event_id), {**now, "status": status} if status else None)
            for event_id, now in there.items()
        ]
        if planned:
            self.batches[client].append(TrueBatch(urlsplit(answer["Location"]).path, planned))

    @rule(client=clients, rows=st.dictionaries(ids, bodies, min_size=1))
    def check_a_file(self, client: int, rows: dict[str, Fields]) -> None:
        """Plans an import of new and changed rows, without executing it."""
        lines = [",".join(FIELD_NAMES)]
        lines += [
            ",".join(str({**body, "eventId": event_id}[name]) for name in FIELD_NAMES)
            for event_id, body in rows.items()
        ]
        file = SimpleUploadedFile("events.csv", "\n".join(lines).encode())
        answer: Any = self.browsers[client].post("/staff/import/", {"file": file})
        assert answer.status_code == 200
        planned = [
            Planned(event_id, self.truth.version(event_id), wanted)
            for event_id, body in rows.items()
            if (wanted := {"eventId": event_id, **body}) != self.truth.now(event_id)
        ]
        address = batch_address(answer)
        assert bool(address) == bool(planned)
        if address:
            said = f"Import {len(planned)} event{'s' * (len(planned) != 1)}"
            assert said in text(answer)
            self.batches[client].append(TrueBatch(address, planned))

    def _batch(self, client: int, which: int) -> tuple[Client, TrueBatch]:
        """A batch of this client, or of the client that has one."""
        client = client if self.batches[client] else CLIENTS[client - 1]
        mine = self.batches[client]
        return self.browsers[client], mine[-1 - which % len(mine)]

    @if_planned
    @rule(client=clients, which=st.integers(0, 2))
    def confirm(self, client: int, which: int) -> None:
        """Possibly for the second time."""
        browser, batch = self._batch(client, which)
        report = browser.post(batch.address, follow=True)
        batch.confirm(self.truth)
        self._assert_report(report, len(batch.done), batch.same, batch.failed)

    @if_planned
    @rule(client=clients, which=st.integers(0, 2))
    def undo_together(self, client: int, which: int) -> None:
        """Possibly for the second time."""
        browser, batch = self._batch(client, which)
        report: Any = browser.post(f"{batch.address}undo/", follow=True)
        if not batch.done:
            assert report.status_code == 404
        elif not batch.undone:
            undone = batch.undo(self.truth)
            self._assert_report(report, undone, 0, len(batch.done) - undone)

    def _assert_report(self, report: Any, done: int, same: int, failed: int) -> None:
        said = text(report)
        assert re.search(rf" {done} {DONE}", said)
        assert (f" {same} unchanged" in said) == bool(same)
        assert (f" {failed} failed" in said) == bool(failed)


@pytest.mark.parametrize(
    ("examples", "steps"), [(8, 25), pytest.param(60, 40, marks=pytest.mark.stress)], ids=["short", "long"]
)
@pytest.mark.timeout(1200)
def test_any_order_of_requests(record_property: Any, examples: int, steps: int) -> None:
    checks = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    taken = [0]

    class Counted(Race):
        def check_invariants(self, settings: Any, output: Any, runtimes: Any) -> None:
            taken[0] += 1
            super().check_invariants(settings, output, runtimes)

    run_state_machine_as_test(Counted, settings=checks)
    record_property("steps checked", taken[0])
