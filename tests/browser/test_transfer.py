"""What a page costs whoever opens it: bytes, scripts that it waits for, and things that move after they are seen."""

from __future__ import annotations

from typing import Any

from events.tasks import Batch
from eventsite.engine.process import Engine
from tests.browser.conftest import Open, sign_in
from tests.browser.test_every_page import PAGES, full_desk  # noqa: F401  # a fixture
from tests.costs.desk import FEW, fill

MOST_BYTES = 100_000

_SCRIPTS_WAITED_FOR = """
() => performance.getEntriesByType("resource")
  .filter(entry => entry.initiatorType === "script" && entry.renderBlockingStatus === "blocking")
  .map(entry => entry.name)
  .concat([...document.querySelectorAll("script:not([src])")].map(script => script.outerHTML))
"""
# Two frames on, whatever moves has moved; what moves after a key or a click was meant to.
_SHIFTS = """
() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
  const observer = new PerformanceObserver(() => {});
  observer.observe({type: "layout-shift", buffered: true});
  done(observer.takeRecords().filter(shift => !shift.hadRecentInput)
    .map(shift => shift.value + " " + shift.sources.map(source => source.node?.outerHTML?.slice(0, 150))));
})))
"""


def test_every_first_visit(
    open_browser: Open,
    engine: Engine,
    full_desk: dict[str, Batch],  # noqa: F811
    record_property: Any,
) -> None:
    """Compressed, with everything that the page brings along, nothing of it kept from before."""
    fill(engine.port, 0, FEW)  # so that lists are as long as they get
    page = open_browser()
    sign_in(page, "ada")
    weights: list[int] = []
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    client.send("Network.setCacheDisabled", {"cacheDisabled": True})
    client.on("Network.loadingFinished", lambda event: weights.append(event["encodedDataLength"]))
    batches = [f"/staff/batches/{batch.id}/" for batch in full_desk.values()]
    weighed: dict[str, int] = {}
    wrong: dict[str, Any] = {}
    for path in ["/staff/login/", *PAGES, *batches]:
        weights.clear()
        page.goto(path)
        wrong[path] = page.evaluate(_SCRIPTS_WAITED_FOR) + page.evaluate(_SHIFTS)
        weighed[path] = sum(weights)
        assert weighed[path] > 20_000, "the stylesheet alone is more"
        if weighed[path] > MOST_BYTES:
            wrong[path].append(f"{weighed[path]:,} bytes")
    assert {path: found for path, found in wrong.items() if found} == {}
    heaviest = max(weighed, key=lambda path: weighed[path])
    record_property("pages", len(weighed))
    record_property(f"the heaviest, {heaviest}", f"{weighed[heaviest]:,} bytes")
    record_property("the list", f"{weighed['/staff/events/']:,} bytes")
