"""What the function renews when SnapStart has restored it from a snapshot, which any number of functions share.

UUIDs, `secrets` and keys of TLS come from the operating system, which is new in each. Nothing is cached before the
first request.
"""

from __future__ import annotations

import logging
import math
import random
import time
from contextlib import suppress

from events.domain import StorageError
from events.storage.events import ping
from eventsite import aws_calls
from eventsite.wsgi import read_secret_key


def register() -> None:
    """Only Lambda's Python 3.12 and later has the library."""
    try:
        from snapshot_restore_py import register_after_restore  # noqa: PLC0415
    except ImportError:
        logging.getLogger(__name__).exception(
            "SnapStart is on, but its library is missing: a restored function keeps its state."
        )
        return
    register_after_restore(renew)


def renew() -> None:
    """Raises ImproperlyConfigured if the secret key cannot be read: Lambda then drops this copy, as at a cold start."""
    random.seed()
    aws_calls.forget_connections()
    aws_calls.finish_by(time.monotonic() + aws_calls.SECONDS_TO_START)
    try:
        read_secret_key()
        with suppress(StorageError):  # the first request reports it
            ping()
    finally:
        aws_calls.finish_by(math.inf)
