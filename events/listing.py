"""The staff's list of events, page by page, forward and back. It starts at a row, so edits in between do no harm."""

from __future__ import annotations

from dataclasses import dataclass

from events.domain import EventSummary, MatchCount, Search, SummaryPage, sort_key
from events.services import count_events, search_events

PAGE_SIZE = 50
MOST_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class ListPage:
    """Rows, and the sort keys of the pages before and after (None: no page); `full`: the search was not cut short."""

    events: list[EventSummary]
    previous: str | None
    next: str | None
    full: bool


def list_page(search: Search, after: str | None = None, before: str | None = None) -> ListPage:
    """The page after a row, or before one, or the first. Raises StorageError."""
    if before is not None:
        page = _read(search, before, back=True)
        if page.events or page.end:
            events = page.events[::-1]
            return ListPage(events, page.end, _key(events[-1]) if events else before, page.full)
        after = None  # no rows are before it any more, so show the first page
    page = _read(search, after)
    previous = None
    if after is not None:
        previous = _key(page.events[0]) if page.events else after
    return ListPage(page.events, previous, page.end, page.full)


def count_matches(search: Search, page: ListPage) -> MatchCount:
    """How many events match, up to a thousand. No query if the page has all, or is incomplete. Raises StorageError."""
    shown = len(page.events)
    if page.full and page.next is None and page.previous is None:
        return MatchCount(shown)
    if not page.full:  # the count would stop far earlier than the search did
        return MatchCount(shown, more=True)
    count = count_events(search, MOST_COUNTED)
    return count if count.number >= shown else MatchCount(shown, more=True)


def _read(search: Search, bound: str | None, back: bool = False) -> SummaryPage:
    latest_first = search.latest_first != back
    name = "before" if latest_first else "after"
    within = search.within._replace(**{name: bound})
    return search_events(search._replace(within=within, latest_first=latest_first), PAGE_SIZE)


def _key(event: EventSummary) -> str:
    return sort_key(event["date"], event["eventId"])
