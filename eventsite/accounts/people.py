"""What can be done with staff accounts. Every change is a line in the log: who did what to whom."""

from __future__ import annotations

import logging
import random
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime

from django.contrib.auth.hashers import make_password
from django.utils.crypto import salted_hmac

from events.domain import Actor, StorageBusyError
from events.storage import staff as repository
from eventsite.accounts.domain import Role, StaffChangedError, StaffExistsError, StaffNotFoundError
from eventsite.accounts.models import Staff
from eventsite.accounts.passwords import make_up_password

logger = logging.getLogger("eventsite.accounts")

_TRIES = 6


def get_staff(username: str) -> Staff:
    """Raises StaffNotFoundError."""
    staff = Staff.get(username)
    if staff is None:
        raise StaffNotFoundError(username)
    return staff


def list_staff() -> list[Staff]:
    return [Staff(**fields) for fields in repository.list_staff()]


def create_staff(username: str, role: Role, password: str, actor: Actor, must_change_password: bool = False) -> Staff:
    """Raises StaffExistsError."""
    staff = Staff(
        username=username,
        password=make_password(password),
        role=role,
        is_active=True,
        must_change_password=must_change_password,
        epoch=_token(),
        feed_nonce=_token(),
        created_at=datetime.now(UTC),
        last_login=None,
    )
    repository.create_staff(staff.fields())
    logger.info("%s added %s as %s", actor.name, username, role)
    return staff


def add_person(username: str, role: Role, actor: Actor, seed: bytes | None = None) -> str:
    """Adds someone with a one-time password, which must be changed at sign-in, and returns it.

    The same `seed` returns it again, as long as nobody used it. Raises StaffExistsError.
    """
    password = make_up_password(seed)
    try:
        create_staff(username, role, password, actor, must_change_password=True)
    except StaffExistsError:
        if not _has_one_time_password(get_staff(username), password):
            raise
    return password


def create_first_admin(username: str, actor: Actor) -> str | None:
    """Makes up an admin's password if there is no staff at all, and returns it."""
    if repository.has_staff():
        return None
    password = make_up_password()
    try:
        create_staff(username, Role.ADMIN, password, actor)
    except StaffExistsError:  # two first runs at once
        return None
    return password


def change_role(username: str, role: Role, actor: Actor) -> None:
    """Raises StaffNotFoundError, LastAdminError."""
    _change_standing(username, role=role)
    logger.info("%s gave %s the role %s", actor.name, username, role)


def deactivate(username: str, actor: Actor) -> None:
    """Ends the account's sessions, too. Raises StaffNotFoundError, LastAdminError."""
    _change_standing(username, is_active=False)
    logger.info("%s deactivated %s", actor.name, username)


def reactivate(username: str, actor: Actor) -> None:
    """Raises StaffNotFoundError."""
    _change_standing(username, is_active=True)
    logger.info("%s reactivated %s", actor.name, username)


def _change_standing(username: str, role: Role | None = None, is_active: bool | None = None) -> None:
    def change(staff: Staff) -> None:
        active = staff.is_active if is_active is None else is_active
        epoch = staff.epoch if active else _token()
        repository.change_standing(staff.fields(), role or staff.role, active, epoch)

    _change_as_it_is(username, change)


def _change_as_it_is(username: str, change: Callable[[Staff], None]) -> None:
    """Makes a change that is refused if the account was changed since it was read: then to what it is now."""
    for attempt in range(_TRIES):
        staff = get_staff(username)
        try:
            change(staff)
        except StaffChangedError:
            time.sleep(random.uniform(0, 0.05 * 2**attempt))
        else:
            return
    raise StorageBusyError("another admin was first, every time")


def reset_password(username: str, actor: Actor, seed: bytes | None = None, state: str = "") -> str:
    """A one-time password, which must be changed at sign-in; it ends the account's sessions.

    The same `seed` returns it again, as long as nobody used it. Raises StaffNotFoundError, StaffChangedError (the
    password is no longer at this `state`).
    """
    staff = get_staff(username)
    password = make_up_password(seed)
    if not state or state == password_state(staff):
        set_password(username, password, actor, must_change_password=True)
    elif not _has_one_time_password(staff, password):
        raise StaffChangedError(username)
    return password


def password_state(staff: Staff) -> str:
    """Another after each change of the password, which it says nothing about."""
    return salted_hmac("eventsite.accounts.password_state", staff.password, algorithm="sha256").hexdigest()


def _has_one_time_password(staff: Staff, password: str) -> bool:
    return staff.must_change_password and staff.check_password(password)


def set_password(username: str, password: str, actor: Actor, must_change_password: bool = False) -> None:
    """Of several at once, each is done: the last one holds, and none that arrives late. Raises StaffNotFoundError."""
    changes = {"password": make_password(password), "must_change_password": must_change_password}
    _change_as_it_is(username, lambda staff: repository.update_staff(username, changes, staff.password))
    logger.info("%s set the password of %s", actor.name, username)


def sign_out_everywhere(staff: Staff) -> None:
    """Ends all of the account's sessions."""
    staff.epoch = _token()
    staff.save(update_fields=["epoch"])
    logger.info("%s signed out everywhere", staff.username)


def renew_feed(staff: Staff) -> None:
    """Gives the account's calendar feed another address; the one it had is of no use any more."""
    staff.feed_nonce = _token()
    staff.save(update_fields=["feed_nonce"])
    logger.info("%s renewed the address of the calendar feed", staff.username)


def _token() -> str:
    return secrets.token_hex(8)
