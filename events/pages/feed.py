"""The calendar feed. Calendar programs do not sign in: the secret token in the address identifies the user."""

from __future__ import annotations

from datetime import date
from hashlib import sha256

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from events.calendar_feed import FeedChoice, calendar, feed_events, feed_state
from events.pages.today import today
from eventsite import observed
from eventsite.accounts.feeds import staff_of_feed


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """The events as iCalendar; 404 if the token is invalid.

    As long as no event changes, a conditional request reads only the account and one row of the history.
    """
    staff = staff_of_feed(token)
    if staff is None:
        raise Http404
    observed.current().actor = staff.username
    day, choice = today(), FeedChoice.read(staff.preferences)
    state = feed_state(day)
    response = HttpResponse(content_type="text/calendar; charset=utf-8")
    if state is None:
        response.content = _content(request, day, choice)
    source = response.content if state is None else f"{request.build_absolute_uri()} {state} {choice.stored}".encode()
    # A weak ETag, because compression would change a strong one.
    response["ETag"] = f'W/"{sha256(source).hexdigest()[:32]}"'
    response["Cache-Control"] = "private, no-cache"
    response["Content-Disposition"] = 'inline; filename="events.ics"'
    response["Referrer-Policy"] = "no-referrer"
    conditional = get_conditional_response(request, etag=response["ETag"], response=response)
    if conditional is response and state is not None:
        response.content = _content(request, day, choice)
    return conditional or response


def _content(request: HttpRequest, day: date, choice: FeedChoice) -> bytes:
    def address_of(event_id: str) -> str:
        return request.build_absolute_uri(reverse("pages:event", args=[event_id]))

    return calendar(feed_events(day, choice.days_back), address_of, choice.hidden)
