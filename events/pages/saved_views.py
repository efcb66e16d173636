"""Filters of the list that a person saved under a name. They are stored in the account's preferences."""

from __future__ import annotations

from typing import TypedDict

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_POST

from events.fields import allows
from events.pages.forms import FilterForm
from events.visible_text import quoted, trimmed
from eventsite.accounts.preferences import PreferencesTooLongError, change_preference
from eventsite.accounts.roles import staff_of

MOST_VIEWS = 20
MAX_NAME_LENGTH = 60
_PREFERENCE = "views"


class SavedView(TypedDict):
    """A filter as a query string, and its name."""

    name: str
    query: str


def saved_views(request: HttpRequest) -> list[SavedView]:
    """The views of the signed-in user, in order of their names."""
    views: list[SavedView] = staff_of(request).preferences.get(_PREFERENCE, [])
    return views


class _RefusedError(Exception):
    """Why a view cannot be saved or deleted, as a sentence."""


@require_POST
def change_views(request: HttpRequest) -> HttpResponse:
    """Saves the list's filter under a name, or deletes a view. A view of the same name is replaced."""
    query = FilterForm(QueryDict(request.POST.get("query", ""))).query
    deleted, saved = request.POST.get("delete", ""), trimmed(request.POST.get("name", ""))

    def change(stored: list[SavedView] | None) -> list[SavedView]:
        views = {view["name"]: view for view in stored or []}
        if not deleted:
            _check(saved, query, len({*views, saved}))
            views[saved] = {"name": saved, "query": query}
        elif not views.pop(deleted, None):
            raise _RefusedError("This view was already deleted.")
        return sorted(views.values(), key=lambda view: view["name"].casefold())

    try:
        change_preference(staff_of(request), _PREFERENCE, change)
    except _RefusedError as error:
        messages.error(request, str(error))
    except PreferencesTooLongError:
        messages.error(request, "Your account has no space for this view. Delete another view first.")
    else:
        messages.success(request, f"The view {quoted(deleted or saved)} was {'deleted' if deleted else 'saved'}.")
    return HttpResponseRedirect(reverse("pages:events") + (f"?{query}" if query else ""))


def _check(name: str, query: str, number: int) -> None:
    """Raises _RefusedError if a view cannot be saved; `number`: how many views there would be."""
    if not query:
        raise _RefusedError("Filter the list first, then save the view.")
    if not allows("title", name) or len(name) > MAX_NAME_LENGTH:
        raise _RefusedError(f"The name of a view must have 1 to {MAX_NAME_LENGTH} characters.")
    if number > MOST_VIEWS:
        raise _RefusedError(f"You can save at most {MOST_VIEWS} views. Delete another view first.")
