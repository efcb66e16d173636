"""The folder with DynamoDB Local's data: its lock, and checks for damage and for a full disk."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from eventsite.engine.fetch import EngineError, make_private

# More than an update of the largest event needs, with the pages that SQLite keeps until the commit.
MIN_FREE_BYTES = 2 * 1024 * 1024
SECONDS_TO_LOCK = 5

DATA = "data"
LOG = "engine.log"
_DATABASE = "shared-local-instance.db"
_LOCK = "lock"
_FAILURE = b"SQLiteException"


class DataInUseError(EngineError):
    """Another engine uses the data."""


@contextmanager
def locked(data: Path, owner: str) -> Iterator[int]:
    """Locks the data for the engine `owner`. Yields the file descriptor that the engine must hold while it runs.

    Raises DataInUseError.
    """
    make_private(data)
    with (data / _LOCK).open("a") as file:
        until = time.monotonic() + SECONDS_TO_LOCK  # the previous engine may be stopping
        while not _try_to_lock(file.fileno(), fcntl.LOCK_EX):
            if time.monotonic() > until:
                raise DataInUseError(f"Another DynamoDB Local uses the data in {data}; stop it first.")
            time.sleep(0.1)
        file.truncate(0)
        file.write(owner)
        file.flush()
        # The shell script that runs the engine uses numbers below 10.
        descriptor = fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, 10)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def lock_owner(data: Path) -> str | None:
    """The owner of the lock (at first, it may be empty); None if no engine uses the data."""
    try:
        with (data / _LOCK).open() as file:
            return None if _try_to_lock(file.fileno(), fcntl.LOCK_SH) else file.read()
    except OSError:  # no such folder yet
        return None


def is_engine_of(data: Path, port: int | None) -> bool:
    """Whether the engine that uses the data listens on this port."""
    return (lock_owner(data) or "").partition(" ")[0] == str(port)


def _try_to_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def check_database(data: Path) -> None:
    """Raises EngineError if the database file is empty or damaged: DynamoDB Local would start, and fail later."""
    path = data / _DATABASE
    if not path.exists():
        return
    damage = _damage(path) if path.stat().st_size else "it is empty"
    if damage:
        raise EngineError(
            f"The database file {path} is damaged ({damage}). Restore a copy of it, or start without its events: "
            f"mv {path} {path}.damaged"
        )


def _damage(path: Path) -> str | None:
    try:
        import sqlite3  # noqa: PLC0415
    except ImportError:  # some builds of Python do not have it
        return None
    try:
        with closing(sqlite3.connect(path)) as database:
            found: str = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError:  # the disk or its permissions, not the file's content
        return None
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if found == "ok" else found.splitlines()[-1]


def check_disk(directory: Path) -> None:
    """Raises EngineError if the disk is full, or if DynamoDB Local has logged that a commit failed.

    DynamoDB Local responds before it commits, so only its log shows a commit that fails.
    """
    data, log = directory / DATA, directory / LOG
    try:
        free = shutil.disk_usage(data).free
        failed = _FAILURE in log.read_bytes()
    except OSError as error:
        raise EngineError(f"The data in {data} cannot be read: {error}.") from error
    if free < MIN_FREE_BYTES:
        raise EngineError(
            f"The disk is full: {data} has {free // 1024:,} KiB left, and needs {MIN_FREE_BYTES // 1024:,}. "
            "Nothing can be stored until there is more space."
        )
    if failed:
        raise EngineError(
            f"DynamoDB Local could not read or write its data; see {log} for the reason. "
            "Nothing can be stored until it is restarted."
        )
