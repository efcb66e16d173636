"""What is wrong with a page: what axe finds in light and in dark, mistakes in the HTML, what is too wide or cut off."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.support.markup import mistakes_in

WINDOWS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 360, "height": 740}},
}
_BRIEF = {"resultTypes": ["violations"]}  # axe describes what is right in less detail, and takes half the time
_COLOURS = {**_BRIEF, "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
# The first choices of fields to choose from, if the field has no room for the text.
_CUT_OFF = """
    [...document.querySelectorAll("select")].filter(select => select.checkVisibility()).filter(select => {
        const style = getComputedStyle(select), context = document.createElement("canvas").getContext("2d");
        context.font = style.font;
        const padding = parseFloat(style.paddingInlineStart) + parseFloat(style.paddingInlineEnd);
        return context.measureText(select.options[0].text).width > select.clientWidth - padding;
    }).map(select => select.options[0].text)
"""


def problems(page: Page) -> list[str]:
    """One sentence each, or none."""
    found = violations(page, {"target-size": True})  # of WCAG 2.2, which axe does not check by default
    found += mistakes_in(page.content())
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    found += [f"is {wide} px too wide"] if wide > 0 else []
    found += [f"cuts off {text!r}" for text in page.evaluate(_CUT_OFF)]
    return [f"{urlsplit(page.url).path} {problem}" for problem in found]


def violations(page: Page, rules: dict[str, bool]) -> list[str]:
    """What axe finds. `rules` turns some of its rules on or off.

    A dark page has the same HTML as a light one, and a phone the same colours: in dark, only a desktop's colours count.
    """
    found = _run(page, {**_BRIEF, "rules": {rule: {"enabled": enabled} for rule, enabled in rules.items()}})
    if page.evaluate("innerWidth") < 1000:
        return found
    page.emulate_media(color_scheme="dark")
    found += [f"in dark: {violation}" for violation in _run(page, _COLOURS)]
    page.emulate_media(color_scheme="light")
    return found


def _run(page: Page, options: dict[str, Any]) -> list[str]:
    return [
        f"{violation['id']}: {[node['html'][:150] for node in violation['nodes']]}"
        for violation in Axe().run(page, options=options).response["violations"]
    ]
