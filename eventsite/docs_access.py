"""Who may read the documentation of the API: /docs and /openapi.json."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from events.api.access import KeyRequiredError, require_access

View = Callable[..., HttpResponseBase]


def for_readers(view: View) -> View:
    """Allows what `EVENTS_DOCS_ACCESS` says: anyone, or signed-in staff and applications with any API key.

    Others are sent to the sign-in page if they want a page. Raises KeyRequiredError and the errors of keys.
    """

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if settings.EVENTS_DOCS_ACCESS == "public":
            return view(request, *args, **kwargs)
        if request.META.get("HTTP_AUTHORIZATION", "").lower().startswith("bearer "):  # other schemes are of a proxy
            require_access(request)
            response = view(request, *args, **kwargs)
        else:
            response = _for_staff(view)(request, *args, **kwargs)
            if response.status_code == 302 and "text/html" not in request.META.get("HTTP_ACCEPT", ""):
                raise KeyRequiredError
        response.headers["Cache-Control"] = "private, no-store"
        return response

    return require_safe(checked)


@cache
def _for_staff(view: View) -> View:
    """With the session, and redirects to people who are not signed in, as on every staff page."""
    from eventsite.accounts.roles import VIEWER, page  # noqa: PLC0415  # the API starts without it

    guarded: View = page("docs", view, VIEWER, "docs").callback
    return guarded
