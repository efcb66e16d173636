"""How a person works a page: with a mouse, or with the keyboard only. No page may scroll sideways."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

_MOST_TABS = 150
_IS_FOCUSED = "target => target.isConnected ? target === document.activeElement : null"
_TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Mouse:
    def click(self, target: Locator) -> None:
        expect(target).to_be_visible()
        target.page.wait_for_load_state()  # before, its stylesheet may be missing
        assert target.page.evaluate(_TOO_WIDE) <= 0, f"{target.page.url} scrolls sideways"
        self._click(target)

    def _click(self, target: Locator) -> None:
        target.click()

    def check(self, target: Locator) -> None:
        target.check()

    def choose(self, label: Locator) -> None:
        """A radio button by its label."""
        label.click()

    def fill(self, target: Locator, text: str) -> None:
        target.fill(text)

    def choose_file(self, target: Locator, file: Path) -> None:
        target.set_input_files(file)


class Keyboard(Mouse):
    """Reaches everything with Tab, and uses only keys."""

    def _click(self, target: Locator) -> None:
        tab_to(target)
        target.page.keyboard.press("Enter")

    def check(self, target: Locator) -> None:
        tab_to(target)
        target.page.keyboard.press("Space")
        expect(target).to_be_checked()

    def choose(self, label: Locator) -> None:
        page, button = label.page, label.locator("input")
        name = button.get_attribute("name")
        _tab_until(page, lambda: bool(page.evaluate("document.activeElement.name") == name))
        for _ in range(10):
            if button.is_checked():
                return
            page.keyboard.press("ArrowRight")
        raise AssertionError(f"the arrow keys do not reach {label}")

    def fill(self, target: Locator, text: str) -> None:
        tab_to(target)
        keys = target.page.keyboard
        if target.get_attribute("type") == "date":
            for order in ("%m%d%Y", "%d%m%Y"):  # the language of the system decides
                keys.type(f"{date.fromisoformat(text):{order}}")
                if target.input_value() == text:
                    return
                for _ in range(2):
                    keys.press("ArrowLeft")
        else:
            keys.press("Control+a")
            keys.type(text)
        expect(target).to_have_value(text)

    def choose_file(self, target: Locator, file: Path) -> None:
        with target.page.expect_file_chooser() as chooser:  # begun before Tab: it needs a moment to take effect
            tab_to(target)
            target.page.keyboard.press("Enter")
        chooser.value.set_files(file)


def tab_to(target: Locator) -> None:
    found = [target.element_handle()]

    def is_focused() -> bool:
        focused: bool | None = found[-1].evaluate(_IS_FOCUSED)
        if focused is None:  # a list that was filtered has replaced its rows
            found.append(target.element_handle())
        return bool(focused)

    _tab_until(target.page, is_focused)


def _tab_until(page: Page, is_there: Callable[[], bool]) -> None:
    for _ in range(_MOST_TABS):
        if is_there():
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach it on {page.url}")
