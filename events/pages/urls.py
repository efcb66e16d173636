"""The addresses of the staff pages about events, each with the role that it requires."""

from __future__ import annotations

from importlib import import_module

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from events.pages import (
    activity,
    batches,
    calendar,
    copies,
    event,
    feed,
    home,
    lists,
    one_field,
    saved_views,
)
from eventsite.accounts.roles import ANYONE, EDITOR, VIEWER, View, page


def of_imports(name: str) -> View:
    """A view of `events/pages/imports.py`. The code that reads files takes as long to load as all other pages."""

    def view(request: HttpRequest) -> HttpResponseBase:
        return getattr(import_module("events.pages.imports"), name)(request)  # type: ignore[no-any-return]

    return view


app_name = "pages"
urlpatterns = [
    page("", home.show_home, VIEWER, "home"),
    page("calendar/", calendar.show_calendar, VIEWER, "calendar"),
    page("calendar/first-day/", calendar.choose_first_day, VIEWER, "first_day"),
    page("activity/", activity.show_activity, VIEWER, "activity"),
    page("deleted/", activity.show_deleted, VIEWER, "deleted"),
    page("events/", lists.list_events, VIEWER, "events"),
    page("events/new/", event.new_event, EDITOR, "new_event"),
    page("events/views/", saved_views.change_views, VIEWER, "views"),
    page("events/bulk/", batches.choose_events, EDITOR, "bulk"),
    page("event/<str:event_id>/", event.show_event, VIEWER, "event"),
    page("event/<str:event_id>/change/<str:at>/", event.show_change, VIEWER, "change"),
    page("event/<str:event_id>/edit/", event.edit_event, EDITOR, "edit_event"),
    page("event/<str:event_id>/copy/", copies.copy_event, EDITOR, "copy_event"),
    page("event/<str:event_id>/delete/", event.delete_event, EDITOR, "delete_event"),
    page("event/<str:event_id>/status/", one_field.change_status, EDITOR, "status"),
    page("event/<str:event_id>/move/", one_field.move_event, EDITOR, "move_event"),
    page("event/<str:event_id>/undo/", event.undo_change, EDITOR, "undo_change"),
    page("event/<str:event_id>/restore/", event.restore_event, EDITOR, "restore_event"),
    page("batches/<str:batch_id>/", batches.show_batch, VIEWER, "batch", to_post=EDITOR),
    page("batches/<str:batch_id>/undo/", batches.undo_batch, EDITOR, "undo_batch"),
    page("import/", of_imports("import_events"), EDITOR, "import_events"),
    page("import/columns/", of_imports("choose_columns"), EDITOR, "import_columns"),
    page("export/", of_imports("export_events"), VIEWER, "export_events"),
    page("feed/<str:token>.ics", feed.feed, ANYONE, "feed"),
]
