"""The calendar feed, for programs that know its address and nothing else."""

from __future__ import annotations

from hashlib import sha256

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from events.calendar_feed import calendar, feed_events
from events.forms import today
from eventsite import observed
from eventsite.accounts.feeds import staff_of_feed


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """The events to come as iCalendar; 404 unless the token is somebody's."""
    staff = staff_of_feed(token)
    if staff is None:
        raise Http404
    observed.current().actor = staff.username
    events, cut = feed_events(today())
    content = calendar(
        events, cut, lambda event_id: request.build_absolute_uri(reverse("pages:event", args=[event_id]))
    )
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    # A weak tag: that of a strong one would change when the answer is compressed.
    response["ETag"] = f'W/"{sha256(content).hexdigest()[:32]}"'
    response["Cache-Control"] = "private, no-cache"
    response["Content-Disposition"] = 'inline; filename="events.ics"'
    return get_conditional_response(request, etag=response["ETag"], response=response) or response
