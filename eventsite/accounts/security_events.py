"""The kinds of events in the security log: their stable names in the log lines, and their groups in the filter."""

from __future__ import annotations

from typing import Literal, NamedTuple

from eventsite.accounts.domain import AccountAction

Group = Literal["sign-ins", "failures", "accounts", "second-step", "keys", "exports"]


class Kind(NamedTuple):
    """`event` never changes: alarms and searches of the log lines compare it. docs/security-log.md lists all."""

    event: str
    group: Group


KINDS: dict[AccountAction, Kind] = {
    "signed-in": Kind("signin.succeeded", "sign-ins"),
    "signed-out": Kind("signout.done", "sign-ins"),
    "signed-out-everywhere": Kind("sessions.ended", "sign-ins"),
    "session-ended": Kind("session.ended", "sign-ins"),
    "sign-in-failed": Kind("signin.failed", "failures"),
    "second-step-failed": Kind("second_step.failed", "failures"),
    "password-refused": Kind("password.refused", "failures"),
    "locked-out": Kind("signin.locked", "failures"),
    "access-refused": Kind("access.refused", "failures"),
    "key-refused": Kind("key.refused", "failures"),
    "added": Kind("account.added", "accounts"),
    "role-changed": Kind("account.role_changed", "accounts"),
    "deactivated": Kind("account.deactivated", "accounts"),
    "reactivated": Kind("account.reactivated", "accounts"),
    "password-set": Kind("password.changed", "accounts"),
    "password-reset": Kind("password.reset", "accounts"),
    "feed-renewed": Kind("feed.renewed", "accounts"),
    "feed-ended": Kind("feed.ended", "accounts"),
    "factor-added": Kind("factor.added", "second-step"),
    "factor-removed": Kind("factor.removed", "second-step"),
    "factors-reset": Kind("factors.reset", "second-step"),
    "recovery-codes-made": Kind("recovery_codes.made", "second-step"),
    "key-created": Kind("key.created", "keys"),
    "key-rotated": Kind("key.rotated", "keys"),
    "key-revoked": Kind("key.revoked", "keys"),
    "events-exported": Kind("events.exported", "exports"),
    "log-exported": Kind("security_log.exported", "exports"),
}


def actions_of(group: str) -> frozenset[AccountAction]:
    """The actions of a group. Empty for an unknown group."""
    return frozenset(action for action, kind in KINDS.items() if kind.group == group)
