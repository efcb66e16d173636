"""Which conditions of a request are true, by the revision of the event."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from events.api import etags
from events.domain import RevisionMismatchError

NAMED = ['"a"', '"x", "a"', '"x","a"', ' , "a" ,', '"a-gzip"', '"x,y", "a"', "*", " * "]
NOT_NAMED = ['"x"', '"x", "y"', '"a', "a", "", ",", '"a", nonsense', '"a"x', "*, *", '*, "a"', '""', '"W/a"', "'a'"]
UNREADABLE = ['"a', "a", "", ",", '"x", nonsense', '"x"y', "*, *", '*, "x"', "'x'", "W/x", 'w/"x"', '"x" *']


def allows(revision: str = "a", **headers: str) -> bool:
    revisions = etags.required_revisions(RequestFactory().put("/events/launch", headers=named(headers)))
    return revisions == "*" or revision in revisions


def known(**headers: str) -> str | None:
    return etags.known_etag(RequestFactory().get("/events/launch", headers=named(headers)), '"a"')


def named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def test_without_conditions_a_write_may_change_any_revision() -> None:
    assert etags.required_revisions(RequestFactory().put("/events/launch")) == "*"


@pytest.mark.parametrize("value", NAMED)
def test_named(value: str) -> None:
    assert allows(If_Match=value)
    assert not allows(If_None_Match=value)
    assert known(If_Match=value) is None
    assert known(If_None_Match=value) in ('"a"', '"a-gzip"')


@pytest.mark.parametrize("value", NOT_NAMED)
def test_not_named(value: str) -> None:
    assert not allows(If_Match=value)
    assert known(If_None_Match=value) is None
    with pytest.raises(RevisionMismatchError):
        known(If_Match=value)


def test_if_match_compares_strongly_and_if_none_match_weakly() -> None:
    for value in ('W/"a"', '"x", W/"a"', 'W/"a-gzip"'):
        assert not allows(If_Match=value)
        assert not allows(If_None_Match=value)
        assert known(If_None_Match=value) in ('"a"', '"a-gzip"')


@pytest.mark.parametrize("value", ['"x"', 'W/"x"', '"x,y"', '"x", W/"y"', ' , "x" ,', '""'])
def test_a_write_may_change_a_revision_that_if_none_match_does_not_name(value: str) -> None:
    assert allows(If_None_Match=value)


@pytest.mark.parametrize("value", UNREADABLE)
def test_a_write_with_an_unreadable_condition_may_change_nothing(value: str) -> None:
    assert not allows(If_Match=value)
    assert not allows(If_None_Match=value)
    assert not allows(If_Match='"a"', If_None_Match=value)


@pytest.mark.parametrize("value", ["*", '""', '"a"', ""])
def test_a_deleted_event_meets_no_if_match(value: str) -> None:
    assert not allows("", If_Match=value)


@pytest.mark.parametrize("value", ["*", '""', '"a"'])
def test_a_deleted_event_meets_every_readable_if_none_match(value: str) -> None:
    assert allows("", If_None_Match=value)
    assert not allows("", If_None_Match=f"{value} nonsense")


def test_if_match_comes_first() -> None:
    assert allows(If_Match='"a"', If_None_Match='"x"')
    assert not allows(If_Match='"a"', If_None_Match='"a"')
    assert not allows(If_Match='"x"', If_None_Match='"y"')
    assert known(If_Match='"a"', If_None_Match='"a"') == '"a"'
    with pytest.raises(RevisionMismatchError):
        known(If_Match='"x"', If_None_Match='"a"')


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({}, False),
        ({"If_Match": "*"}, False),
        ({"If_Match": '"a"'}, True),
        ({"If_Match": ""}, True),
        ({"If_None_Match": "*"}, True),
        ({"If_None_Match": '"a"'}, True),
        ({"If_Match": "*", "If_None_Match": '"a"'}, True),
    ],
)
def test_a_create_refuses_what_it_cannot_check(headers: dict[str, str], refused: bool) -> None:
    request = RequestFactory().post("/events", headers=named(headers))
    if refused:
        with pytest.raises(etags.ConditionUnsupportedError):
            etags.refuse_conditions(request)
    else:
        etags.refuse_conditions(request)


def test_the_tag_of_a_list_follows_its_body_and_its_links() -> None:
    pages = [HttpResponse("[]"), HttpResponse("[1]"), HttpResponse("[]", headers={"Link": '<x>; rel="next"'})]
    assert len({etags.etag_of_content(page) for page in pages}) == 3
    assert etags.etag_of_content(pages[0]) == etags.etag_of_content(HttpResponse(b"[]")) != '""'
    assert etags.is_strong(etags.etag_of_content(pages[0]))
