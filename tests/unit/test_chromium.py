"""Chromium for the browser tests. What it installs is a fake here: no test may change this machine."""

from __future__ import annotations

import pytest

from tests.support import chromium


@pytest.mark.parametrize(
    ("found", "has_own", "downloads", "installs", "steps", "result"),
    [
        (True, False, False, False, [], None),
        (False, True, False, False, [], None),
        (False, False, True, False, ["download"], None),
        (False, False, False, True, ["download", "package"], None),
        (False, False, False, False, ["download", "package"], chromium.NEEDED),
    ],
)
def test_chromium_is_found_or_installed(
    monkeypatch: pytest.MonkeyPatch,
    found: bool,
    has_own: bool,
    downloads: bool,
    installs: bool,
    steps: list[str],
    result: str | None,
) -> None:
    taken: list[str] = []

    def take(step: str, works: bool) -> bool:
        taken.append(step)
        return works

    monkeypatch.setattr(
        chromium, "installed", lambda: "/bin/chromium" if found or ("package" in taken and installs) else None
    )
    monkeypatch.setattr(chromium, "downloaded", lambda: has_own or ("download" in taken and downloads))
    monkeypatch.setattr(chromium, "download", lambda: take("download", downloads))
    monkeypatch.setattr(chromium, "install_package", lambda: take("package", installs))
    assert chromium.main() == result
    assert taken == steps


def test_a_command_that_is_missing_or_fails_is_another_way_missed() -> None:
    assert not chromium._run("no-such-command")  # noqa: SLF001
    assert not chromium._run("false")  # noqa: SLF001
    assert chromium._run("true")  # noqa: SLF001
