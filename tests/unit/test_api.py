"""The version in the OpenAPI document is that of the newest release."""

from __future__ import annotations

import re
import tomllib

from django.conf import settings

from eventsite.api import api


def test_the_version_is_that_of_the_newest_release() -> None:
    """The heading of a release is `## [1.0.0] - 2026-11-23`. "Unreleased" has no version yet."""
    changelog = (settings.BASE_DIR / "CHANGELOG.md").read_text()
    newest = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)[0]
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    assert api.version == project["version"] == newest
