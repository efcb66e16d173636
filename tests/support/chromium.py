"""Chromium for the browser tests: the one that is installed, or else one that this installs.

`make test` runs it before any test. Without one, `python -m tests.support.chromium` ends with one sentence.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Chromium that can show nothing on a screen. It opens a page with a third of the CPU time.
HEADLESS = "chromium-headless-shell"
NAMES = (HEADLESS, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NEEDED = (
    "The browser tests need Chromium. Install it (Debian and Ubuntu: sudo apt-get install chromium), "
    "or run: .venv/bin/playwright install --with-deps chromium"
)
SECONDS_TO_INSTALL = 600
TRIED = Path(sys.prefix, "chromium.tried")


def installed() -> str | None:
    """The path of a Chromium on the PATH, the fastest first."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def may_install_for_speed() -> bool:
    """Whether this is root on Debian, as in a container, and it was not tried before.

    On a person's own computer, the Chromium that is installed is enough.
    """
    as_root = os.getuid() == 0 and shutil.which("apt-get") is not None
    return as_root and shutil.which(HEADLESS) is None and not TRIED.exists()


def downloaded() -> bool:
    """Whether Playwright has downloaded one, which it then finds by itself."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # not needed if one is installed

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


def _run(*command: str) -> bool:
    """Whether the command succeeded; its output is of no interest, as another way follows."""
    try:
        done = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=SECONDS_TO_INSTALL, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def download() -> bool:
    return _run(sys.executable, "-m", "playwright", "install", "chromium")


def install_package(name: str) -> bool:
    """A package of Debian, if this user may install one without a password."""
    as_root = [] if os.getuid() == 0 else ["sudo", "-n"]
    patience = ["-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=20", "-o", "Acquire::https::Timeout=20"]
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", *patience]
    packages = (name, "fonts-dejavu-core")
    return _run(*apt, "update") and _run(*apt, "install", "--yes", "--no-install-recommends", "--no-remove", *packages)


def main() -> str | None:
    """None if there is a Chromium now; else what to do."""
    for_speed = may_install_for_speed()
    if not for_speed and (installed() or downloaded()):
        return None
    sys.stderr.write("Installing Chromium for the browser tests (once) ...\n")
    if for_speed:
        install_package(HEADLESS)
        TRIED.touch()
    if installed() or downloaded() or (download() and downloaded()) or (install_package("chromium") and installed()):
        return None
    return NEEDED


if __name__ == "__main__":
    sys.exit(main())
