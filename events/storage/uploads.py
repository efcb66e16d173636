"""Files to import, stored for an hour in the access table: people choose a file once, then decide about it."""

from __future__ import annotations

import zlib
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from events.storage import access_table
from events.storage.models import AccessItem

UPLOADS_LIVE = timedelta(hours=1)
_BYTES_OF_A_PART = 350_000  # a row of DynamoDB holds 400 KiB


class UploadItem(AccessItem):
    """A part of a person's latest file, under "upload#<person>#<number>". The first part has the name and the count."""

    name = UnicodeAttribute(null=True)
    parts = NumberAttribute(null=True)
    data = BinaryAttribute(legacy_encoding=False)


def add_upload(owner: str, name: str, data: bytes) -> str:
    """Stores a file instead of the person's earlier one. Returns its ID: the same if the file is sent twice."""
    packed = zlib.compress(data, level=1)
    parts = [packed[start:][:_BYTES_OF_A_PART] for start in range(0, len(packed), _BYTES_OF_A_PART)]
    expires = datetime.now(UTC) + UPLOADS_LIVE
    for number, part in enumerate(parts):
        item = UploadItem(_key(owner, number), data=part, expiresAt=expires)
        if number == 0:
            item.name, item.parts = name, len(parts)
        access_table.put(item)
    return _id_of(data)


def get_upload(owner: str, upload_id: str) -> tuple[str, bytes] | None:
    """The name and content of a person's latest file; None if it expired, or if this is not its ID."""
    first = access_table.get(UploadItem, _key(owner, 0))
    if first is None:
        return None
    keys = [_key(owner, number) for number in range(1, int(first.parts))]
    others = sorted(access_table.get_all(keys, UploadItem), key=lambda item: keys.index(item.key))
    try:
        # In Base64, as DynamoDB sends it: this project's client does not decode it.
        data = zlib.decompress(b"".join(b64decode(item.data) for item in (first, *others)))
    except zlib.error:  # another upload replaces the parts right now
        return None
    return (first.name, data) if _id_of(data) == upload_id else None


def _key(owner: str, number: int) -> str:
    return f"upload#{owner}#{number}"


def _id_of(data: bytes) -> str:
    return sha256(data).hexdigest()
