"""Files that are stored between the steps of an import."""

from __future__ import annotations

from datetime import timedelta

import pytest

from events.storage import access_table, uploads
from events.storage.models import AccessItem
from events.storage.uploads import add_upload, get_upload
from tests.support.builders import astral_text
from tests.support.tables import read_table


@pytest.mark.parametrize("data", [b"title\na\n", astral_text(1, 300_000).encode()], ids=["one part", "several parts"])
def test_a_file_is_stored_for_its_owner_only(data: bytes) -> None:
    upload = add_upload("ada", "a\U0001f600.csv", data)
    assert get_upload("ada", upload) == ("a\U0001f600.csv", data)
    assert get_upload("eva", upload) is None
    assert get_upload("ada", "0" * 64) is None


def test_a_later_file_replaces_the_earlier_one() -> None:
    first = add_upload("ada", "a.csv", astral_text(1, 300_000).encode())
    rows = len(read_table(AccessItem))
    second = add_upload("ada", "b.csv", b"title\n")
    assert get_upload("ada", first) is None
    assert get_upload("ada", second) == ("b.csv", b"title\n")
    assert len(read_table(AccessItem)) == rows > 2


def test_a_file_that_is_sent_twice_is_stored_once() -> None:
    assert add_upload("ada", "a.csv", b"title\n") == add_upload("ada", "a.csv", b"title\n")
    assert len(read_table(AccessItem)) == 1


@pytest.mark.parametrize("other", [b"other", None])
def test_an_incomplete_file_is_none(other: bytes | None) -> None:
    """Two uploads at the same time can replace each other's parts."""
    upload = add_upload("ada", "a.csv", astral_text(1, 300_000).encode())
    key = "upload#ada#1"
    access_table.put(uploads.UploadItem(key, data=other)) if other else access_table.delete(key)
    assert get_upload("ada", upload) is None


def test_a_file_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "UPLOADS_LIVE", timedelta(seconds=-1))
    assert get_upload("ada", add_upload("ada", "a.csv", b"title\n")) is None
