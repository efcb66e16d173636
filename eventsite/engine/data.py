"""The folder with DynamoDB Local's data: which engine uses it, whether it is damaged, whether the disk has room."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from eventsite.engine.fetch import EngineError, make_private

# An update of the largest event takes less, with the pages that SQLite keeps until it has committed.
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
    """A lock on the data, which names its owner, as a file descriptor for the engine to hold while it runs.

    Raises DataInUseError.
    """
    make_private(data)
    with (data / _LOCK).open("a") as file:
        until = time.monotonic() + SECONDS_TO_LOCK  # the previous engine may be about to end
        while not _try_to_lock(file.fileno(), fcntl.LOCK_EX):
            if time.monotonic() > until:
                raise DataInUseError(f"Another DynamoDB Local uses the data in {data}; stop it first.")
            time.sleep(0.1)
        file.truncate(0)
        file.write(owner)
        file.flush()
        # Shell scripts use the numbers below 10, as the one that runs the engine does.
        descriptor = fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, 10)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def lock_owner(data: Path) -> str | None:
    """What the engine that uses the data wrote into the lock: empty for a moment; None if no engine uses it."""
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
            f"The database file {path} is damaged ({damage}). Put a copy of it back, or start without its events: "
            f"mv {path} {path}.damaged"
        )


def _damage(path: Path) -> str | None:
    try:
        import sqlite3  # noqa: PLC0415
    except ImportError:  # some builds of Python are without it
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
    """Raises EngineError if the disk is full, or DynamoDB Local has logged that it could not commit.

    It commits after it has responded. Only its log says when that fails.
    """
    data, log = directory / DATA, directory / LOG
    try:
        free = shutil.disk_usage(data).free
        failed = _FAILURE in log.read_bytes()
    except OSError as error:
        raise EngineError(f"The data in {data} cannot be reached: {error}.") from error
    if free < MIN_FREE_BYTES:
        raise EngineError(
            f"The disk is full: {data} has {free // 1024:,} KiB left, and needs {MIN_FREE_BYTES // 1024:,}. "
            "Nothing is stored until there is more."
        )
    if failed:
        raise EngineError(
            f"DynamoDB Local could not read or write its data; {log} has the reason. Nothing is stored until it is "
            "started again."
        )
