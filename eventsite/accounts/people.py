"""What can be done with staff accounts. Every change is logged, with who did it."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from events.domain import Actor, StorageBusyError
from events.storage import factors as factor_repository
from events.storage import sessions as session_repository
from events.storage import staff as repository
from eventsite.accounts.domain import NO_FEED, AccountAction, Role
from eventsite.accounts.errors import OwnPasswordError, StaffChangedError, StaffExistsError, StaffNotFoundError
from eventsite.accounts.models import Staff
from eventsite.accounts.passwords import generate_password
from eventsite.accounts.security_log import new_change

_MAX_ATTEMPTS = 6
ONE_TIME_PASSWORD_WORKS_FOR = timedelta(hours=24)


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
        one_time_until=_end_of_one_time_password() if must_change_password else None,
        epoch=_token(),
        created_at=datetime.now(UTC),
        last_login=None,
        preferences={},
        factor_ids=frozenset(),
    )
    repository.create_staff(staff.fields(), new_change(actor.name, "added", username, role))
    return staff


def add_person(username: str, role: Role, actor: Actor, seed: bytes | None = None) -> str:
    """Adds an account with a one-time password, which must be changed at sign-in, and returns the password.

    The same `seed` returns the password again until somebody uses it. Raises StaffExistsError.
    """
    password = generate_password(seed)
    try:
        create_staff(username, role, password, actor, must_change_password=True)
    except StaffExistsError:
        if not _has_one_time_password(get_staff(username), password):
            raise
    return password


def create_first_admin(username: str, actor: Actor) -> str | None:
    """Creates an admin if there are no accounts, and returns the generated password."""
    if repository.has_staff():
        return None
    password = generate_password()
    try:
        create_staff(username, Role.ADMIN, password, actor)
    except StaffExistsError:  # two first runs at the same time
        return None
    return password


def change_role(username: str, role: Role, actor: Actor) -> None:
    """A higher role ends the account's sessions, so that it begins with what sign-in demands for this role.

    A lower one does not: the role is read with every request. Raises StaffNotFoundError, LastAdminError.
    """
    _change_standing(username, actor, "role-changed", role=role)


def deactivate(username: str, actor: Actor) -> None:
    """Also ends the account's sessions and its feed's address. Raises StaffNotFoundError, LastAdminError."""
    _change_standing(username, actor, "deactivated", is_active=False)


def reactivate(username: str, actor: Actor) -> None:
    """Raises StaffNotFoundError."""
    _change_standing(username, actor, "reactivated", is_active=True)


def _change_standing(
    username: str, actor: Actor, action: AccountAction, role: Role | None = None, is_active: bool | None = None
) -> None:
    def make_change(staff: Staff) -> None:
        active, new_role = staff.is_active if is_active is None else is_active, role or Role(staff.role)
        ended = {} if active and Role(staff.role).includes(new_role) else end_sessions()
        if not active:
            ended |= NO_FEED
        differs = (new_role, active) != (staff.role, staff.is_active)
        change = new_change(actor.name, action, username, role or "") if differs else None
        repository.change_standing(staff.fields(), new_role, active, ended, change)

    retry_change(username, make_change)


def retry_change(username: str, change: Callable[[Staff], None]) -> None:
    """Makes a change. Reads the account again and retries if somebody else changed it meanwhile."""
    for attempt in range(_MAX_ATTEMPTS):
        staff = get_staff(username)
        try:
            change(staff)
        except StaffChangedError:
            time.sleep(random.uniform(0, 0.05 * 2**attempt))
        else:
            return
    raise StorageBusyError("somebody else changed the account first, at every attempt")


def reset_password(username: str, actor: Actor, seed: bytes | None = None, state: str = "") -> str:
    """Sets a one-time password, which must be changed at sign-in, and ends the account's sessions and feed address.

    The same `seed` returns the password again until somebody uses it. Raises StaffNotFoundError, OwnPasswordError,
    StaffChangedError (the password is no longer at this `state`).
    """
    staff = get_staff_to_reset(username, actor)
    password = generate_password(seed)
    if not state or state == password_state(staff):
        set_password(username, password, actor, must_change_password=True)
    elif not _has_one_time_password(staff, password):
        raise StaffChangedError(username)
    return password


def get_staff_to_reset(username: str, actor: Actor) -> Staff:
    """The account of somebody else. Raises StaffNotFoundError, OwnPasswordError."""
    if username == actor.name:
        raise OwnPasswordError(username)
    return get_staff(username)


def password_state(staff: Staff) -> str:
    """Changes with the password, but does not reveal it."""
    return salted_hmac("eventsite.accounts.password_state", staff.password, algorithm="sha256").hexdigest()


def _has_one_time_password(staff: Staff, password: str) -> bool:
    return staff.must_change_password and not staff.one_time_password_expired and staff.check_password(password)


def set_password(username: str, password: str, actor: Actor, must_change_password: bool = False) -> None:
    """Also ends the account's sessions and its feed's address. Raises StaffNotFoundError.

    If several run at the same time, all succeed, and the last one counts.
    """
    changes = {
        "password": make_password(password),
        "must_change_password": must_change_password,
        "one_time_until": _end_of_one_time_password() if must_change_password else None,
        **NO_FEED,
    }
    change = new_change(actor.name, "password-reset" if must_change_password else "password-set", username)
    retry_change(
        username, lambda staff: repository.update_staff(username, changes, {"password": staff.password}, change)
    )


def remove_factors(username: str, actor: Actor) -> None:
    """Removes all factors and recovery codes, and ends the account's sessions. Raises StaffNotFoundError."""

    def remove(staff: Staff) -> None:
        if staff.has_factors:
            change = new_change(actor.name, "factors-reset", username)
            factor_repository.remove_all_factors(staff.fields(), end_sessions()["epoch"], change)

    retry_change(username, remove)


def sign_out_everywhere(staff: Staff, actor: Actor | None = None, keep: HttpRequest | None = None) -> None:
    """Ends all of the account's sessions, except the one of the request `keep`. `actor` is None for the person.

    Raises StaffChangedError if the session to keep has ended meanwhile.
    """
    by = actor.name if actor else staff.username
    change = new_change(by, "signed-out-everywhere", staff.username, "others" if keep else "")
    # From now on, none of them works.
    if keep:
        staff.epoch = end_sessions()["epoch"]
        staff.save(update_fields=["epoch"], change=change)
        update_session_auth_hash(keep, staff)
    else:
        repository.update_staff(staff.username, end_sessions(), change=change)
    kept = session_repository.id_of(str(keep.session.session_key)) if keep else ""
    session_repository.delete_sessions(staff.username, kept)


def end_sessions() -> dict[str, str]:
    """The field that ends an account's sessions, and what it was in the browsers that it signed in with."""
    return {"epoch": _token()}


def _end_of_one_time_password() -> datetime:
    return datetime.now(UTC) + ONE_TIME_PASSWORD_WORKS_FOR


def _token() -> str:
    return secrets.token_hex(8)
