"""Each caller has its own idempotency keys."""

from __future__ import annotations

from events.api.endpoints import _idempotency_key
from events.domain import Actor
from tests.support.builders import make_fields


def test_two_callers_can_use_the_same_idempotency_key() -> None:
    ours, theirs = (_idempotency_key(Actor(name), "key", make_fields()) for name in ("ours", "theirs"))
    assert ours.key != theirs.key
    assert ours.fingerprint == theirs.fingerprint
    assert ours == _idempotency_key(Actor("ours", "198.51.100.1"), "key", make_fields())
    assert ours.key != _idempotency_key(Actor("ours"), "other", make_fields()).key
    assert ours.fingerprint != _idempotency_key(Actor("ours"), "key", make_fields(capacity=1)).fingerprint
