"""Hostile texts in every field on every staff page: they stay text, and hidden characters become visible."""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from events import bulk, services
from events.domain import Actor, Search
from events.exports import export_csv
from events.pages.today import today
from events.visible_text import quoted, trimmed, visible
from eventsite.engine.process import Engine
from tests.support.builders import ACTOR, make_fields, make_staff
from tests.support.clients import client_of
from tests.support.hostile_texts import REFUSED, TAKEN, TEXT_FIELDS, build_of, mostly_at_length, said_on
from tests.support.tables import empty_tables

EDITOR = Actor("edith", "127.0.0.1")
SHORT = {name: text for name, text in TAKEN.items() if len(text) < 100}  # longer ones are cut on some pages
FORMS = ("edit", "copy", "conflict", "form")  # these show the text as it was typed


def put(text: str) -> str:
    """Stores a changed event and a deleted one with this text in every field. Returns the ID of the first."""
    day = today().isoformat()
    said = dict.fromkeys(TEXT_FIELDS, text)
    created = services.create_event(make_fields(**said, date=day, capacity=1), ACTOR)
    services.update_event(text, {"title": f"{text}!", "description": f"{text}!"}, Actor(f"key:{text}", text))
    services.update_event(text, {"title": text, "description": text}, ACTOR)
    services.create_event(make_fields(**{**said, "eventId": f"{text}2"}, date=day), ACTOR)
    services.delete_event(f"{text}2", ACTOR)
    return created.fields["eventId"]


def spreadsheet(text: str) -> SimpleUploadedFile:
    """A file with a new row, a changed row and a row with errors. Its name contains the text too."""
    said = dict.fromkeys(TEXT_FIELDS, text)
    rows = [
        make_fields(**{**said, "eventId": f"{text}3"}),
        make_fields(**{**said, "title": f"{text}?"}),
        make_fields(**{**said, "eventId": f"{text}4"}, date=text),
    ]
    return SimpleUploadedFile(f"{text}.csv", b"".join(export_csv(rows)), "text/csv")


def pages(client: Client, text: str) -> dict[str, Any]:
    """The responses of all pages that show texts of events, by the name of the page."""
    event_id = put(text)
    one, gone = (f"/staff/event/{quote(name, safe='')}/" for name in (event_id, f"{event_id}2"))
    answers = {
        name: client.get(address)
        for name, address in {
            "home": "/staff/",
            "list": "/staff/events/?" + urlencode({"status": text}),
            "calendar": "/staff/calendar/?" + urlencode({"status": text}),
            "activity": "/staff/activity/",
            "event": one,
            "edit": f"{one}edit/",
            "delete": f"{one}delete/",
            "deleted": gone,
            "copy": "/staff/events/new/?" + urlencode({"copy": event_id}),
        }.items()
    }
    answers["import"] = client.post("/staff/import/", {"file": spreadsheet(text)})
    for name, batch in {
        "bulk delete": bulk.prepare_delete(Search(), [], EDITOR),
        "bulk status": bulk.prepare_status(None, [event_id], text, EDITOR),
        "bulk edit": bulk.prepare_edit(None, [event_id], bulk.Edit({"capacity": 7}, days=1), EDITOR),
    }.items():
        answers[name] = client.get(f"/staff/batches/{batch.id}/")
    typed = {**make_fields(**dict.fromkeys(TEXT_FIELDS, text)), "title": f"{text}~", "revision": "long ago"}
    answers["conflict"] = client.post(f"{one}edit/", typed)
    answers["form"] = client.post("/staff/events/new/", {**typed, "date": text, "capacity": text})
    typed["revision"] = services.get_event(event_id).revision
    answers["saved"] = client.post(f"{one}edit/", {**typed, "title": text}, follow=True)
    return answers


@pytest.fixture(scope="session")
def harmless(engine: Engine) -> dict[str, list[str]]:
    """The structure of each page with a harmless text."""
    built = {name: build_of(answer) for name, answer in pages(client_of(make_staff("edith")), "plain").items()}
    empty_tables()
    return built


@pytest.mark.parametrize("text", mostly_at_length(SHORT))
def test_texts_do_not_change_the_structure_of_pages(harmless: dict[str, list[str]], editor: Client, text: str) -> None:
    """Each page has the same tags and attributes as with a harmless text, and shows the text."""
    for name, answer in pages(editor, text).items():
        assert build_of(answer) == harmless[name], name
        shown = text if name in FORMS else visible(text)
        assert shown.strip()[:30] in said_on(answer), name
        assert answer["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")


WHERE = (
    "/staff/events/?q={}",
    "/staff/events/?status={}",
    "/staff/events/?location={}",
    "/staff/events/?first={}",
    "/staff/events/?sort={}&after={}&before={}",
    "/staff/events/?list={}",
    "/staff/calendar/?month={}",
    "/staff/calendar/?status={}",
    "/staff/activity/?before={}",
    "/staff/events/new/?date={}&list={}",
    "/staff/event/launch/?before={}&list={}",
    "/staff/event/launch/edit/?list={}",
    "/staff/export/?format=none&q={}",
    "/staff/login/?next={}",
    "/staff/account/password/?next={}",
    "/staff/{}/",
    "/staff/people/{}/",
    "/staff/event/{}/",
    "/{}",
)
ANYTHING = {
    **TAKEN,
    **{name: text for name, (text, _) in REFUSED.items()},
    "slashes": "//evil.example/</script><script>",
}


@pytest.mark.parametrize("text", mostly_at_length(ANYTHING))
def test_texts_in_addresses_do_not_change_the_structure_of_pages(admin: Client, text: str) -> None:
    services.create_event(make_fields(), ACTOR)
    admin.raise_request_exception = False
    written = quote(text.encode("utf-8", "surrogatepass"), safe="")
    for where in WHERE:
        answer, *harmless = (
            admin.get(where.replace("{}", said))
            for said in (written, "plain", "night", "x" * 2000, "%00", "")  # not found, found, refused, all
        )
        assert answer.status_code == harmless[0].status_code, where
        if answer.get("Content-Type", "").startswith("text/html"):
            assert set(build_of(answer)) <= {part for page in harmless for part in build_of(page)}, where
        for response in (answer, *harmless):
            response.close()  # ends the exports


def test_texts_typed_at_sign_in_do_not_change_the_structure_of_the_page() -> None:
    form = ("username", "password", "next")
    harmless = build_of(Client().post("/staff/login/", dict.fromkeys(form, "plain")))
    for text in [*TAKEN.values()][:8]:
        answer = Client().post("/staff/login/", dict.fromkeys(form, text))
        assert (answer.status_code, build_of(answer)) == (200, harmless)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, caf\u00e9, \u65e5\u672c", "plain, caf\u00e9, \u65e5\u672c"),
        ("\u202egpj.exe", "[U+202E]gpj.exe"),
        ("Lau\u200bn\u00adch", "Lau[U+200B]n[U+00AD]ch"),
        ("a\u200db \u200c", "a[U+200D]b [U+200C]"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        (
            "\U0001f469\u200d\U0001f467 1\ufe0f\u20e3 \u2764\ufe0f",
            "\U0001f469\u200d\U0001f467 1\ufe0f\u20e3 \u2764\ufe0f",
        ),
        ("\U0001f3f4\U000e0067\U000e0062\U000e007f", "\U0001f3f4\U000e0067\U000e0062\U000e007f"),
        ("a\U000e0041", "a[U+E0041]"),
        ("e\u0301\u0323\u0301\u0323", "e\u0301\u0323\u0301\u0323"),
        ("e" + "\u0301" * 500, "e" + "\u0301" * 4 + "[…]"),
        (None, "None"),
        (" a b ", "[U+0020]a b[U+0020]"),
        ("a\u00a0", "a[U+00A0]"),
        ("\u3000\u00a0 caf\u00e9", "[U+3000][U+00A0][U+0020]caf\u00e9"),
        ("\u200b a", "[U+200B] a"),
        ("a \u202f\u2800", "a[U+0020][U+202F][U+2800]"),
        (" ", "[U+0020]"),
        ("", ""),
        ("a" + " " * 500, "a" + "[U+0020]" * 4 + "[…]"),
        ("a\n\tb\n", "a\n\tb\n"),
    ],
)
def test_hidden_characters_become_visible(text: str | None, shown: str) -> None:
    assert visible(text) == shown


def test_invisible_characters_at_the_ends_are_trimmed() -> None:
    """White space as in Python, and zero-width spaces. Joiners stay, because a Persian word may end with one."""
    blanks = [chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace()]
    for blank in [*blanks, "\u00ad", "\u180e", "\u200b", "\u2060", "\u2800", "\ufeff"]:
        assert trimmed(f"{blank} a{blank}b {blank}") == f"a{blank}b", hex(ord(blank))
        assert visible(f"a{blank}") != visible("a") or blank < " " or blank == "\x85", hex(ord(blank))
    for kept in ("\u0647\u200d", "\u200ea\u200f", "\u3164"):
        assert trimmed(kept) == kept


def test_quotation_marks_enclose_right_to_left_text() -> None:
    assert quoted("plain") == "“plain”"
    assert quoted("\u05e9\u2069\u202e") == "“\u2068\u05e9[U+2069][U+202E]\u2069”"
