"""What a page costs to open: bytes, blocking scripts, and layout shifts."""

from __future__ import annotations

from typing import Any

from events.tasks import Batch
from eventsite.engine.process import Engine
from tests.browser.conftest import Open, sign_in
from tests.browser.full_desk import PAGES
from tests.costs.desk import FEW, fill

# With gzip, as here, 64 KB of these are the stylesheets and scripts of every page. The heaviest page is a list of fifty
# events: 72,585. A package has them in Brotli, too, which is 9 KB less.
MOST_BYTES = 73_000
# A browser may show a page before it has read all of it, so a button can move when the next one arrives: 0.0013 was
# measured. A late line of text moves a whole page by more than 0.01.
MOST_SHIFT = 0.01
MOST_SHIFT_SLOW = 0.1  # what Core Web Vitals call good

_SCRIPTS_WAITED_FOR = """
() => performance.getEntriesByType("resource")
  .filter(entry => entry.initiatorType === "script" && entry.renderBlockingStatus === "blocking")
  .map(entry => entry.name)
  .concat([...document.querySelectorAll("script:not([src])")].map(script => script.outerHTML))
"""
# After two frames the layout is stable. Shifts after a key or a click are intended.
_SHIFTS = """
() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
  const observer = new PerformanceObserver(() => {});
  observer.observe({type: "layout-shift", buffered: true});
  done(observer.takeRecords().filter(shift => !shift.hadRecentInput)
    .map(shift => [shift.value, shift.sources.map(source => source.node?.outerHTML?.slice(0, 150)).join()]));
})))
"""


def test_every_first_visit(
    open_browser: Open,
    engine: Engine,
    full_desk: dict[str, Batch],
    record_property: Any,
) -> None:
    """Compressed, with all resources of the page and an empty cache."""
    fill(engine.port, 0, FEW)  # so that lists have their maximum length
    page = open_browser()
    sign_in(page, "ada")
    page_of: dict[str, str] = {}
    weights: dict[str, int] = {}
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    client.send("Network.setCacheDisabled", {"cacheDisabled": True})
    client.on("Network.requestWillBeSent", lambda event: page_of.update({event["requestId"]: event["documentURL"]}))
    client.on("Network.loadingFinished", lambda event: weights.update({event["requestId"]: event["encodedDataLength"]}))
    batches = [f"/staff/batches/{batch.id}/" for batch in full_desk.values()]
    weighed: dict[str, int] = {}
    wrong: dict[str, Any] = {}
    for path in ["/staff/login/", *PAGES, *batches]:
        weights.clear()
        page.goto(path)
        wrong[path] = page.evaluate(_SCRIPTS_WAITED_FOR) + _too_much(page.evaluate(_SHIFTS), MOST_SHIFT)
        # Without an icon of the page before, which may arrive late.
        weighed[path] = sum(weight for request, weight in weights.items() if page_of.get(request) == page.url)
        assert weighed[path] > 20_000, "the stylesheet alone is more"
        if weighed[path] > MOST_BYTES:
            wrong[path].append(f"{weighed[path]:,} bytes")
    assert {path: found for path, found in wrong.items() if found} == {}
    heaviest = max(weighed, key=lambda path: weighed[path])
    record_property("pages", len(weighed))
    record_property(f"the heaviest, {heaviest}", f"{weighed[heaviest]:,} bytes")
    record_property("the list", f"{weighed['/staff/events/']:,} bytes")


def test_layout_is_stable_on_a_slow_phone(
    open_browser: Open,
    engine: Engine,
    full_desk: dict[str, Batch],
    record_property: Any,
) -> None:
    """At 60 KB a second, with cached stylesheets, pages are shown while they load."""
    fill(engine.port, 0, FEW)
    page = open_browser(viewport={"width": 390, "height": 800})
    sign_in(page, "ada")
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": 60_000, "uploadThroughput": 60_000}
    client.send("Network.emulateNetworkConditions", slow)
    shifts: dict[str, list[tuple[float, str]]] = {}
    for path in [*PAGES, *(f"/staff/batches/{batch.id}/" for batch in full_desk.values())]:
        page.goto(path)
        shifts[path] = page.evaluate(_SHIFTS)
    assert {path: found for path in shifts if (found := _too_much(shifts[path], MOST_SHIFT_SLOW))} == {}
    record_property("the largest shift", max(sum(value for value, _ in found) for found in shifts.values()))


def _too_much(shifts: list[tuple[float, str]], most: float) -> list[Any]:
    return [*shifts] if sum(value for value, _ in shifts) >= most else []
