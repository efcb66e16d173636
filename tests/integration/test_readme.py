"""The README's calls answer what the README says."""

from __future__ import annotations

import re
import subprocess

from django.conf import settings as django_settings

from events.samples import load_samples
from tests.conftest import Server

HERE = "http://127.0.0.1:8000"


def calls() -> list[tuple[str, str]]:
    """Each `$ curl` of the README with what stands below it, up to the next."""
    text = (django_settings.BASE_DIR / "README.md").read_text()
    text = text[text.index("## Call it") : text.index("| to | do |")]
    lines = "\n".join(line.removeprefix("    ") for line in text.splitlines())
    found = re.findall(r"^\$ (curl .*?(?:\n      .*?)*)\n(.*?)(?=\n\$ curl|\Z)", lines, re.DOTALL | re.MULTILINE)
    return [(command, answer.strip()) for command, answer in found]


def changeless(text: str) -> str:
    """Without what differs from day to day: times, revisions, and the samples, whose dates are around today."""
    text = re.sub(r'"[0-9a-f]{16}"|\d\d:\d\d:\d\d|, \d\d \w+ \d{4}|\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b', "…", text)
    text = re.sub(r"X-Request-Id: [0-9a-f]{32}", "X-Request-Id: …", text)
    text = re.sub(r"CPython/[\d.]+", "CPython", text)
    return re.sub(r'\{"eventId":"sample-.*|cursor=[\w-]+', "…", text)


def test_the_readme_says_what_happens(server: Server) -> None:
    load_samples()
    said = calls()
    assert len(said) == 10
    for command, answer in said:
        # A call of curl is one line; a body that goes on in the next is so in the README only.
        line = command.replace(HERE, server.url).replace("\n      ", " ").replace("curl ", "curl -s ", 1)
        got = subprocess.run(line, shell=True, capture_output=True, text=True, check=True).stdout
        got = got.replace(server.url, HERE).replace("\r", "").strip()
        assert changeless(got) == changeless(answer), command
