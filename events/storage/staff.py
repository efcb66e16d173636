"""Staff accounts in the access table, and the set of active admins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action

from events.storage import access_table
from events.storage.account_changes import add_change
from events.storage.models import AccessItem
from eventsite.accounts.domain import AccountChange, Role, StaffFields
from eventsite.accounts.errors import LastAdminError, StaffChangedError, StaffExistsError

_KIND = "staff"
_ADMINS = "admins"
_FIELD_NAMES = [name for name in StaffFields.__annotations__ if name != "username"]


class StaffItem(AccessItem):
    """An account, under "staff#<username>"."""

    password = UnicodeAttribute()
    role = UnicodeAttribute()
    is_active = BooleanAttribute(attr_name="isActive")
    must_change_password = BooleanAttribute(attr_name="mustChangePassword")
    one_time_until = UTCDateTimeAttribute(attr_name="oneTimeUntil", null=True)
    epoch = UnicodeAttribute()
    feed_nonce = UnicodeAttribute(attr_name="feedNonce", default="")
    feed_hash = UnicodeAttribute(attr_name="feedHash", default="")
    feed_since = UTCDateTimeAttribute(attr_name="feedSince", null=True)
    created_at = UTCDateTimeAttribute(attr_name="createdAt")
    last_login = UTCDateTimeAttribute(attr_name="lastLogin", null=True)
    preferences = JSONAttribute(null=True)
    factor_ids = UnicodeSetAttribute(attr_name="factorIds", null=True)


class AdminsItem(AccessItem):
    """The active admins, under "admins". One transaction changes this row and the account of an admin."""

    usernames = UnicodeSetAttribute()


def row_key(username: str) -> str:
    return f"staff#{username}"


def fields_of(item: StaffItem) -> StaffFields:
    stored = {name: getattr(item, name) for name in _FIELD_NAMES}
    stored["preferences"] = stored["preferences"] or {}
    stored["factor_ids"] = frozenset(stored["factor_ids"] or ())
    return cast(StaffFields, {"username": item.key.removeprefix(row_key("")), **stored})


def get_staff(username: str) -> StaffFields | None:
    item = access_table.get(StaffItem, row_key(username))
    return fields_of(item) if item else None


def list_staff() -> list[StaffFields]:
    """All accounts, in order of their names. One created some milliseconds ago may be missing."""
    return [fields_of(item) for item in access_table.list_kind(_KIND, StaffItem)]


def has_staff() -> bool:
    return access_table.has_kind(_KIND)


def create_staff(fields: StaffFields, change: AccountChange | None = None) -> None:
    """Stores the account, and the row of the change with it. Raises StaffExistsError."""
    username = fields["username"]
    stored: dict[str, Any] = {name: value for name, value in fields.items() if name != "username"}

    def fill(write: access_table.Transaction) -> None:
        write.save(StaffItem(row_key(username), kind=_KIND, **stored), condition=StaffItem.key.does_not_exist())
        if _is_active_admin(fields["role"], fields["is_active"]):
            write.update(AdminsItem(_ADMINS), [AdminsItem.usernames.add({username})])
        add_change(write, change)

    try:
        access_table.transact(fill)
    except access_table.RefusedError as error:
        raise StaffExistsError(username) from error


def update_staff(
    username: str,
    changes: Mapping[str, Any],
    unchanged: Mapping[str, Any] | None = None,
    change: AccountChange | None = None,
) -> None:
    """Writes only these fields, and the row of the change with them.

    Use `change_standing` for the role and `is_active`, on which the set of admins depends.

    Raises StaffChangedError if the account does not exist, or no longer has the values in `unchanged`.
    """
    actions = _actions(changes)
    condition: Condition = StaffItem.key.exists()
    for name, value in (unchanged or {}).items():
        attribute = getattr(StaffItem, name)
        # An account that was stored before this attribute existed lacks it, which reads as empty.
        condition &= attribute == value if value else (attribute == value) | attribute.does_not_exist()

    def fill(write: access_table.Transaction) -> None:
        write.update(StaffItem(row_key(username)), actions, condition=condition)
        add_change(write, change)

    try:
        if change:
            access_table.transact(fill)
        else:
            access_table.update(row_key(username), actions, condition)
    except access_table.RefusedError as error:
        # A retry after a lost response is refused, although the first attempt succeeded.
        now: Mapping[str, Any] = get_staff(username) or {}
        if any(now.get(name) != value for name, value in changes.items()):
            raise StaffChangedError(username) from error


def change_standing(
    before: StaffFields,
    role: str,
    is_active: bool,
    ended: Mapping[str, Any],
    change: AccountChange | None = None,
) -> None:
    """Changes the role and `is_active`, if both still have the values of `before`, and stores the row of the change.

    `ended`: fields whose new values end what the account has. Raises LastAdminError, StaffChangedError.
    """
    username = before["username"]
    was_admin, is_admin = _is_active_admin(before["role"], before["is_active"]), _is_active_admin(role, is_active)
    actions = _actions({"role": role, "is_active": is_active, **ended})
    unchanged = (StaffItem.role == before["role"]) & (StaffItem.is_active == before["is_active"])
    others = size(AdminsItem.usernames) > 1  # type: ignore[no-untyped-call]

    def fill(write: access_table.Transaction) -> None:
        write.update(StaffItem(row_key(username)), actions, condition=unchanged)
        if is_admin and not was_admin:
            write.update(AdminsItem(_ADMINS), [AdminsItem.usernames.add({username})])
        if was_admin and not is_admin:
            write.update(AdminsItem(_ADMINS), [AdminsItem.usernames.delete({username})], condition=others)
        add_change(write, change)

    try:
        access_table.transact(fill)
    except access_table.RefusedError as error:
        of_account, *of_admins = error.codes[1:] if change else error.codes  # the row of the change comes first
        if "ConditionalCheckFailed" in of_admins and of_account != "ConditionalCheckFailed":
            raise LastAdminError(username) from error
        raise StaffChangedError(username) from error


def _actions(changes: Mapping[str, Any]) -> list[Action]:
    attributes = {name: getattr(StaffItem, name) for name in changes}
    return [
        attributes[name].remove() if value is None else attributes[name].set(value) for name, value in changes.items()
    ]


def _is_active_admin(role: str, is_active: bool) -> bool:
    return is_active and role == Role.ADMIN
