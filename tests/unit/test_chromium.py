"""Chromium for the browser tests. What it installs is a fake here: no test may change this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support import chromium


@pytest.mark.parametrize(
    ("faster", "found", "has_own", "downloads", "installs", "steps", "result"),
    [
        (False, True, False, False, [], [], None),
        (False, False, True, False, [], [], None),
        (False, False, False, True, [], ["download"], None),
        (False, False, False, False, ["chromium"], ["download", "chromium"], None),
        (False, False, False, False, [], ["download", "chromium"], chromium.NEEDED),
        (True, False, False, False, ["chromium-headless-shell"], ["chromium-headless-shell"], None),
        (True, True, False, False, [], ["chromium-headless-shell"], None),
        (True, False, False, True, [], ["chromium-headless-shell", "download"], None),
        (True, False, False, False, [], ["chromium-headless-shell", "download", "chromium"], chromium.NEEDED),
    ],
)
def test_chromium_is_found_or_installed(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    faster: bool,
    found: bool,
    has_own: bool,
    downloads: bool,
    installs: list[str],
    steps: list[str],
    result: str | None,
) -> None:
    taken: list[str] = []

    def take(step: str, works: bool) -> bool:
        taken.append(step)
        return works

    monkeypatch.setattr(
        chromium, "installed", lambda: "/bin/chromium" if found or set(taken).intersection(installs) else None
    )
    monkeypatch.setattr(chromium, "may_install_for_speed", lambda: faster)
    monkeypatch.setattr(chromium, "TRIED", tmp_path / "tried")
    monkeypatch.setattr(chromium, "downloaded", lambda: has_own or ("download" in taken and downloads))
    monkeypatch.setattr(chromium, "download", lambda: take("download", downloads))
    monkeypatch.setattr(chromium, "install_package", lambda name: take(name, name in installs))
    assert chromium.main() == result
    assert taken == steps
    assert chromium.TRIED.exists() == faster


def test_the_faster_one_is_preferred(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("chromium", "chromium-headless-shell"):
        (tmp_path / name).touch(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        assert chromium.installed() == str(tmp_path / name)


@pytest.mark.parametrize(
    ("user", "commands", "result"),
    [
        (0, ["apt-get"], True),
        (0, ["apt-get", "chromium"], True),
        (0, ["apt-get", "chromium-headless-shell"], False),
        (0, [], False),
        (1000, ["apt-get"], False),
    ],
)
def test_only_root_on_debian_installs_the_faster_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, user: int, commands: list[str], result: bool
) -> None:
    for name in commands:
        (tmp_path / name).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "getuid", lambda: user)
    monkeypatch.setattr(chromium, "TRIED", tmp_path / "tried")
    assert chromium.may_install_for_speed() == result
    chromium.TRIED.touch()
    assert not chromium.may_install_for_speed()


def test_a_command_that_is_missing_or_fails_is_another_way_missed() -> None:
    assert not chromium._run("no-such-command")  # noqa: SLF001
    assert not chromium._run("false")  # noqa: SLF001
    assert chromium._run("true")  # noqa: SLF001
