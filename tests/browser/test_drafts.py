"""Drafts: text in a form survives errors and expired sessions, and nobody else sees it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Dialog, Page, expect

from events import services
from events.pages.today import today
from tests.browser.conftest import sign_in, store
from tests.support.builders import ACTOR, make_staff

RESTORED = "Your unsaved text was restored."


def test_leaving_a_form_with_unsaved_text_asks(desk: Page) -> None:
    store()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    desk.on("dialog", stay)
    desk.goto("/staff/event/launch/edit/")
    desk.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Events").click()
    expect(desk).to_have_url(re.compile("/staff/events/$"))
    assert asked == []
    desk.goto("/staff/event/launch/edit/")
    desk.get_by_label("Title").fill("Typed")
    desk.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Events").click(no_wait_after=True)
    desk.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    expect(desk.get_by_label("Title")).to_have_value("Typed")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_role("heading", level=1, name="Typed")).to_be_visible()
    assert asked == ["beforeunload"]


def test_typed_text_survives_an_expired_session(desk: Page) -> None:
    store()
    desk.goto("/staff/event/launch/edit/")
    desk.get_by_label("Title").fill("Typed for long")
    desk.get_by_label("Description").fill("Much\ntext")
    desk.context.clear_cookies(name="events-local-session")
    desk.get_by_role("button", name="Save", exact=True).click()
    desk.get_by_label("Username").fill("ada")
    desk.get_by_label("Password").fill("correct horse battery")
    desk.get_by_role("button", name="Sign in", exact=True).click()
    expect(desk.get_by_text(RESTORED)).to_be_visible()
    expect(desk.get_by_label("Title")).to_have_value("Typed for long")
    expect(desk.get_by_label("Description")).to_have_value("Much\ntext")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_role("heading", level=1, name="Typed for long")).to_be_visible()
    desk.goto("/staff/event/launch/edit/")
    expect(desk.get_by_text(RESTORED)).to_have_count(0)


def test_typed_text_survives_an_expired_csrf_cookie(desk: Page) -> None:
    store()
    desk.goto("/staff/event/launch/edit/")
    desk.get_by_label("Title").fill("Typed for long")
    desk.context.clear_cookies(name="events-local-csrf")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("this page was open for too long")).to_be_visible()
    desk.go_back()
    expect(desk.get_by_label("Title")).to_have_value("Typed for long")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_role("heading", level=1, name="Typed for long")).to_be_visible()


def test_cancelled_text_is_not_restored(desk: Page) -> None:
    store()
    desk.goto("/staff/event/launch/edit/")
    desk.get_by_label("Title").fill("")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_role("alert")).to_be_visible()
    desk.get_by_role("link", name="Cancel").click()
    desk.get_by_role("link", name="Edit", exact=True).click()
    expect(desk.get_by_label("Title")).to_have_value("Launch night")
    expect(desk.get_by_text(RESTORED)).to_have_count(0)


def test_a_text_of_megabytes_is_refused_at_once_and_the_typed_text_is_kept(desk: Page) -> None:
    store()
    desk.goto("/staff/event/launch/edit/")
    description = desk.get_by_label("Description")
    description.fill("Typed before. ")
    description.press("End")
    desk.keyboard.insert_text("A line.\n" * 625_000)
    expect(desk.get_by_text("The text is too long, so it was not inserted: 5,000,014 characters")).to_be_in_viewport()
    expect(description).to_have_value("Typed before. ")
    desk.keyboard.insert_text("y" * (65_536 - 14))
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("“Launch night” was saved.")).to_be_visible()
    assert services.get_event("launch").fields["description"] == "Typed before. " + "y" * (65_536 - 14)


def submit_invalid(desk: Page, path: str, title: str) -> None:
    desk.goto(path)
    desk.get_by_label("Title").fill(title)
    desk.get_by_label("Location").fill("")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_role("alert")).to_be_visible()


@pytest.mark.parametrize(
    ("path", "title", "day"),
    [
        ("/staff/events/new/?copy=launch", "Launch night", "2026-12-01"),
        ("/staff/events/new/?date=2026-12-24", "", "2026-12-24"),
    ],
)
def test_a_draft_fills_only_the_form_that_it_was_typed_into(desk: Page, path: str, title: str, day: str) -> None:
    store(date="2026-12-01")
    submit_invalid(desk, "/staff/events/new/", "Rejected")
    desk.goto(path)
    expect(desk.get_by_label("Title")).to_have_value(title)
    expect(desk.get_by_label("Date")).to_have_value(day)
    expect(desk.get_by_text(RESTORED)).to_have_count(0)
    desk.goto("/staff/events/new/")
    expect(desk.get_by_label("Title")).to_have_value("Rejected")
    expect(desk.get_by_text(RESTORED)).to_be_visible()


def test_the_filter_of_the_list_makes_no_other_draft(desk: Page) -> None:
    store()
    submit_invalid(desk, "/staff/event/launch/edit/?list=q%3Dlaunch", "Rejected")
    desk.goto("/staff/event/launch/edit/?list=status%3Dactive")
    expect(desk.get_by_label("Title")).to_have_value("Rejected")


def test_saving_or_cancelling_one_form_keeps_the_draft_of_another(desk: Page) -> None:
    store()
    store("other", title="Other")
    submit_invalid(desk, "/staff/event/launch/edit/", "Rejected")
    desk.goto("/staff/event/other/edit/")
    desk.get_by_label("Title").fill("Saved")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_role("heading", level=1, name="Saved")).to_be_visible()
    desk.get_by_role("link", name="Edit", exact=True).click()
    expect(desk.get_by_text(RESTORED)).to_have_count(0)
    desk.get_by_role("link", name="Cancel").click()
    desk.get_by_role("link", name="Delete…").click()
    desk.get_by_role("button", name="Delete", exact=True).click()
    expect(desk.get_by_text("“Saved” was deleted.")).to_be_visible()
    desk.goto("/staff/event/launch/edit/")
    expect(desk.get_by_label("Title")).to_have_value("Rejected")


def test_a_draft_of_a_form_that_was_saved_is_gone(desk: Page) -> None:
    submit_invalid(desk, "/staff/events/new/", "Rejected")
    for label, text in {"Location": "Here", "Organizer": "Me", "Status": "active", "Capacity": "1"}.items():
        desk.get_by_label(label).fill(text)
    desk.get_by_label("Date").fill(today().isoformat())
    desk.get_by_role("button", name="Save and add another").click()
    expect(desk.get_by_text("“Rejected” was created.")).to_be_visible()
    expect(desk.get_by_label("Title")).to_have_value("")
    desk.goto("/staff/events/new/")
    expect(desk.get_by_label("Title")).to_have_value("")


def test_a_draft_of_the_result_of_a_conflict_is_kept_with_its_revision(desk: Page) -> None:
    store()
    desk.goto("/staff/event/launch/edit/")
    desk.get_by_label("Title").fill("Mine")
    services.update_event("launch", {"title": "Theirs"}, ACTOR)
    desk.get_by_role("button", name="Save", exact=True).click()
    desk.get_by_label("Location").fill("")
    desk.get_by_role("button", name="Save the result").click()
    expect(desk.get_by_role("alert")).to_be_visible()
    desk.goto("/staff/event/launch/edit/")
    expect(desk.get_by_label("Title")).to_have_value("Mine")
    desk.get_by_label("Location").fill("Here")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_role("heading", level=1, name="Mine")).to_be_visible()
    assert services.get_event("launch").fields["location"] == "Here"


def test_saving_a_deleted_event_again_leaves_no_draft(desk: Page) -> None:
    store()
    desk.goto("/staff/event/launch/edit/")
    desk.get_by_label("Title").fill("Mine")
    services.delete_event("launch", ACTOR)
    for _ in range(2):  # first it is shown that the event was deleted
        desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_role("heading", level=1, name="Mine")).to_be_visible()
    desk.get_by_role("link", name="Edit", exact=True).click()
    expect(desk.get_by_label("Title")).to_have_value("Mine")
    expect(desk.get_by_text(RESTORED)).to_have_count(0)


def test_each_tab_has_its_own_drafts(desk: Page) -> None:
    submit_invalid(desk, "/staff/events/new/", "Rejected")
    tab = desk.context.new_page()
    tab.goto("/staff/events/new/")
    expect(tab.get_by_label("Title")).to_have_value("")
    expect(tab.get_by_text(RESTORED)).to_have_count(0)


@pytest.mark.parametrize("leave", ["Sign out", "Sign out everywhere", "session"])
def test_nobody_else_gets_a_draft(desk: Page, leave: str) -> None:
    make_staff("eva", "editor")
    submit_invalid(desk, "/staff/events/new/", "Confidential")
    if leave == "session":
        desk.context.clear_cookies(name="events-local-session")
    else:
        desk.goto("/staff/account/" if leave == "Sign out" else "/staff/account/sessions/")
        desk.get_by_role("navigation", name="Account").get_by_role("button").first.click()
        desk.get_by_role("button", name=leave, exact=True).click()
        expect(desk.get_by_label("Username")).to_be_visible()
        assert "Confidential" not in desk.evaluate("JSON.stringify({...sessionStorage})")
    sign_in(desk, "eva")
    desk.goto("/staff/events/new/")
    expect(desk.get_by_label("Title")).to_have_value("")


def test_signing_out_clears_the_texts_of_other_tabs(desk: Page) -> None:
    other = desk.context.new_page()
    other.goto("/staff/")
    other.evaluate("sessionStorage.setItem('draft', 'text')")
    desk.get_by_role("button", name="ada admin").click()
    desk.get_by_role("button", name="Sign out", exact=True).click()
    expect(desk.get_by_text("You have signed out.")).to_be_visible()
    other.wait_for_function("sessionStorage.getItem('draft') === null")
