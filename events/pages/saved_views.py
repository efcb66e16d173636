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
from eventsite.accounts.preferences import PreferencesTooLongError, set_preference
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


@require_POST
def change_views(request: HttpRequest) -> HttpResponse:
    """Saves the list's filter under a name, or deletes a view. A view of the same name is replaced."""
    query = FilterForm(QueryDict(request.POST.get("query", ""))).query
    views = {view["name"]: view for view in saved_views(request)}
    if name := request.POST.get("delete", ""):
        error = "" if views.pop(name, None) else "This view was deleted already."
        done = f"The view {quoted(name)} was deleted."
    else:
        name = trimmed(request.POST.get("name", ""))
        error = _problem(name, query, len({*views, name}))
        views[name] = {"name": name, "query": query}
        done = f"The view {quoted(name)} was saved."
    if not error:
        try:
            ordered = sorted(views.values(), key=lambda view: view["name"].casefold())
            set_preference(staff_of(request), _PREFERENCE, ordered)
        except PreferencesTooLongError:
            error = "There is no room for this view. Delete another one first."
    (messages.error if error else messages.success)(request, error or done)
    return HttpResponseRedirect(reverse("pages:events") + (f"?{query}" if query else ""))


def _problem(name: str, query: str, number: int) -> str:
    """Why a view cannot be saved, as a sentence."""
    if not query:
        return "Filter the list first, then save the view."
    if not allows("title", name) or len(name) > MAX_NAME_LENGTH:
        return f"The name of a view must have 1 to {MAX_NAME_LENGTH} characters."
    if number > MOST_VIEWS:
        return f"You can save {MOST_VIEWS} views. Delete another one first."
    return ""
