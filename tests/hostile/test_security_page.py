"""docs/security.md answers each requirement of OWASP ASVS 5.0, levels 1 and 2, and names only tests that exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from django.conf import settings

# The requirements of levels 1 and 2 in each section of the standard.
NUMBERS = {
    "1.1": "1 2",
    "1.2": "1 2 3 4 5 6 7 8 9",
    "1.3": "1 2 3 4 5 6 7 8 9 10 11",
    "1.4": "1 2 3",
    "1.5": "1 2",
    "2.1": "1 2 3",
    "2.2": "1 2 3",
    "2.3": "1 2 3 4",
    "2.4": "1",
    "3.2": "1 2",
    "3.3": "1 2 3 4",
    "3.4": "1 2 3 4 5 6",
    "3.5": "1 2 3 4 5",
    "3.7": "1 2",
    "4.1": "1 2 3",
    "4.2": "1",
    "4.3": "1 2",
    "4.4": "1 2 3 4",
    "5.1": "1",
    "5.2": "1 2 3",
    "5.3": "1 2",
    "5.4": "1 2 3",
    "6.1": "1 2 3",
    "6.2": "1 2 3 4 5 6 7 8 9 10 11 12",
    "6.3": "1 2 3 4",
    "6.4": "1 2 3 4",
    "6.5": "1 2 3 4 5",
    "6.6": "1 2 3",
    "6.8": "1 2 3 4",
    "7.1": "1 2 3",
    "7.2": "1 2 3 4",
    "7.3": "1 2",
    "7.4": "1 2 3 4 5",
    "7.5": "1 2",
    "7.6": "1 2",
    "8.1": "1 2",
    "8.2": "1 2 3",
    "8.3": "1",
    "8.4": "1",
    "11.1": "1 2",
    "11.2": "1 2 3",
    "11.3": "1 2 3",
    "11.4": "1 2 3 4",
    "11.5": "1",
    "11.6": "1",
    "12.1": "1 2 3",
    "12.2": "1 2",
    "12.3": "1 2 3 4",
    "13.1": "1",
    "13.2": "1 2 3 4 5",
    "13.3": "1 2",
    "13.4": "1 2 3 4 5",
    "14.1": "1 2",
    "14.2": "1 2 3 4",
    "14.3": "1 2 3",
    "16.1": "1",
    "16.2": "1 2 3 4 5",
    "16.3": "1 2 3 4",
    "16.4": "1 2 3",
    "16.5": "1 2 3",
}
# Libraries beside those that the page names (11.2.1).
OTHERS = frozenset({"Crypto", "Cryptodome", "OpenSSL", "bcrypt", "crypt", "ecdsa", "jwt", "nacl", "passlib", "rsa"})


def read() -> str:
    return (settings.BASE_DIR / "docs" / "security.md").read_text()


def rows() -> Iterator[list[str]]:
    """The cells of each row that begins with a number."""
    for line in read().splitlines():
        if re.match(r"\| [0-9]+\.[0-9]+\.[0-9]+ \|", line):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


@cache
def functions_of(path: str) -> frozenset[str]:
    """The tests of a file, those of a class with its name in front."""
    file = settings.BASE_DIR / path
    found = set()
    for node in ast.parse(file.read_text()).body if file.is_file() else []:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found.update(f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef))
    return frozenset(name for name in found if name.rpartition("::")[2].startswith("test_"))


def test_each_requirement_has_one_row() -> None:
    expected = [f"{section}.{number}" for section, numbers in NUMBERS.items() for number in numbers.split()]
    assert [row[0] for row in rows()] == expected


def test_each_row_has_four_cells_and_a_test_or_a_reason() -> None:
    for number, about, how, shown_by in rows():
        assert 0 < len(about.split()) <= 8, number
        assert shown_by != "—" or re.match("does not apply: |[*]{2}Not met|.*There is no test", how), number


def test_every_named_test_exists() -> None:
    named = re.findall(r"`(tests/[^`]+\.py)::([^`]+)`", read())
    assert len(named) > 200
    assert [f"{path}::{name}" for path, name in named if name not in functions_of(path)] == []


def test_the_page_lists_what_is_not_met() -> None:
    listed = read().partition("This page does not answer")[0]
    for number, _, how, _ in rows():
        assert ("not met" in how.lower()) == (re.search(rf"\b{re.escape(number)}\b", listed) is not None), number


def test_no_weak_hash_and_no_other_library_for_cryptography() -> None:
    files = [*(settings.BASE_DIR / "events").rglob("*.py"), *(settings.BASE_DIR / "eventsite").rglob("*.py")]
    used = set()
    for file in files:
        text = file.read_text()
        assert not re.search(r"\b(md5|sha1|SHA1|RC4|DES3?|ECB)\b", text), file
        used.update(re.findall(r"^\s*(?:import|from) ([\w.]+)", text, re.MULTILINE))
    assert {name.partition(".")[0] for name in used} & OTHERS == set()
