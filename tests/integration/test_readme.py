"""The calls in README.md and docs/api.md return what these documents show."""

from __future__ import annotations

import re
import subprocess

import pytest
from django.conf import settings as django_settings

from events.samples import load_samples
from tests.support.http_server import Server

HERE = "http://127.0.0.1:8000"
REVISION_OR_VERSION = r'"(?:[0-9a-f]{16}|[\dT:.-]{26}Z)"'


def calls(document: str) -> list[tuple[str, str]]:
    """Each `$ curl` of a document with the response below it."""
    text = (django_settings.BASE_DIR / document).read_text()
    lines = "\n".join(line.removeprefix("    ") if line.startswith("    ") else "" for line in text.splitlines())
    found = re.findall(r"^\$ (curl .*?(?:\n      .*?)*)\n(.*?)(?=\n\$ curl|\n\n\n|\Z)", lines, re.DOTALL | re.MULTILINE)
    return [(command, response.strip()) for command, response in found]


def changeless(text: str) -> str:
    """Without what differs from day to day: times, revisions, and the samples, whose dates are around today."""
    text = re.sub(
        REVISION_OR_VERSION + r"|\d\d:\d\d:\d\d|, \d\d \w+ \d{4}|\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b", "…", text
    )
    text = re.sub(r"X-Request-Id: [0-9a-f]{32}", "X-Request-Id: …", text)
    text = re.sub(r"CPython/[\d.]+", "CPython", text)
    return re.sub(r'\{"eventId":"sample-.*|cursor=[\w-]+', "…", text)


@pytest.mark.parametrize(("document", "count"), [("README.md", 4), ("docs/api.md", 13)])
def test_documented_calls_return_what_is_shown(server: Server, document: str, count: int) -> None:
    load_samples()
    documented = calls(document)
    assert len(documented) == count
    made: dict[str, str] = {}  # by documented revision or version: that of this run
    for command, response in documented:
        # A call of curl is one line; the documents break long ones.
        line = command.replace(HERE, server.url).replace("\n      ", " ").replace("curl ", "curl -s ", 1)
        for shown, real in made.items():
            line = line.replace(shown, real)
        got = subprocess.run(line, shell=True, capture_output=True, text=True, check=True).stdout
        got = got.replace(server.url, HERE).replace("\r", "").strip()
        assert changeless(got) == changeless(response), command
        made |= zip(*(re.findall(REVISION_OR_VERSION, text) for text in (response, got)), strict=True)
