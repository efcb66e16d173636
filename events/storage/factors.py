"""Factors of two-step sign-in, and recovery codes, in the access table.

The account has the IDs of its factors. They change in the same transaction as the factors, and only if they are still
as they were read, so that no two changes at the same time leave an account without its last factor.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Any, cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UnicodeSetAttribute, UTCDateTimeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from events.storage import access_table, staff
from events.storage.account_changes import add_change
from events.storage.models import AccessItem
from events.storage.staff import StaffItem
from eventsite.accounts.domain import AccountChange, Factor, Method, RecoveryCodes, StaffFields
from eventsite.accounts.errors import StaffChangedError


class FactorItem(AccessItem):
    """A factor, under "factor#<username>#<ID>"."""

    method = UnicodeAttribute()
    name = UnicodeAttribute()
    created_at = UTCDateTimeAttribute(attr_name="createdAt")
    last_used_at = UTCDateTimeAttribute(attr_name="lastUsedAt", null=True)
    secret = UnicodeAttribute(null=True)
    last_step = NumberAttribute(attr_name="lastStep", null=True)
    credential_id = UnicodeAttribute(attr_name="credentialId", null=True)
    public_key = UnicodeAttribute(attr_name="publicKey", null=True)
    user_handle = UnicodeAttribute(attr_name="userHandle", null=True)
    transports = UnicodeAttribute(null=True)
    sign_count = NumberAttribute(attr_name="signCount", null=True)


class CredentialItem(AccessItem):
    """Whose passkey it is, under "credential#<ID of the factor>": a passkey signs in without a username."""

    username = UnicodeAttribute()


class ChallengeItem(AccessItem):
    """A challenge for a passkey that was used, under "challenge#<SHA-256>"."""


class RecoveryCodesItem(AccessItem):
    """The hashes of the codes that were not used yet, under "recovery#<username>"."""

    hashes = UnicodeSetAttribute(null=True)
    made_at = UTCDateTimeAttribute(attr_name="madeAt")


def _factor_key(username: str, factor_id: str) -> str:
    return f"factor#{username}#{factor_id}"


def _credential_key(factor_id: str) -> str:
    return f"credential#{factor_id}"


def _recovery_key(username: str) -> str:
    return f"recovery#{username}"


def get_factors(username: str, factor_ids: Iterable[str]) -> list[Factor]:
    """Those that exist, the oldest first. One call (none without IDs), strongly consistent."""
    items = access_table.get_all([_factor_key(username, factor_id) for factor_id in factor_ids], FactorItem)
    return sorted((_factor_of(item) for item in items), key=lambda factor: factor.created_at)


def _factor_of(item: FactorItem) -> Factor:
    return Factor(
        item.key.rpartition("#")[2],
        cast(Method, item.method),
        item.name,
        item.created_at,
        item.last_used_at,
        item.secret,
        None if item.last_step is None else int(item.last_step),
        item.credential_id or "",
        item.public_key or "",
        item.user_handle or "",
        item.transports or "",
        None if item.sign_count is None else int(item.sign_count),
    )


def add_factor(account: StaffFields, factor: Factor, codes: RecoveryCodes | None, change: AccountChange) -> None:
    """Stores the factor, with the first recovery codes if there are any, and the row of the change.

    Raises StaffChangedError if the account's factors or epoch are no longer as in `account`.
    """
    username = account["username"]
    stored: dict[str, Any] = {name: value for name, value in factor._asdict().items() if name != "id" and value != ""}

    def fill(write: access_table.Transaction) -> None:
        item = FactorItem(_factor_key(username, factor.id), **stored)
        write.save(item, condition=FactorItem.key.does_not_exist())
        if factor.credential_id:
            found_by = CredentialItem(_credential_key(factor.id), username=username)
            write.save(found_by, condition=CredentialItem.key.does_not_exist())
        if codes:
            write.save(_recovery_item(username, codes))
        write.update(StaffItem(staff.row_key(username)), [StaffItem.factor_ids.add({factor.id})], _unchanged(account))
        add_change(write, change)

    _transact(username, fill)


def remove_factor(account: StaffFields, factor_id: str, change: AccountChange) -> None:
    """Also removes the recovery codes with the last factor. Raises StaffChangedError, as `add_factor` does."""
    username = account["username"]

    def fill(write: access_table.Transaction) -> None:
        write.delete(FactorItem(_factor_key(username, factor_id)))
        write.delete(CredentialItem(_credential_key(factor_id)))
        if account["factor_ids"] <= {factor_id}:
            write.delete(RecoveryCodesItem(_recovery_key(username)))
        actions: list[Action] = [StaffItem.factor_ids.delete({factor_id})]
        write.update(StaffItem(staff.row_key(username)), actions, _unchanged(account))
        add_change(write, change)

    _transact(username, fill)


def remove_all_factors(account: StaffFields, epoch: str, change: AccountChange) -> None:
    """Also removes the recovery codes, and ends all sessions by the new epoch. Raises StaffChangedError."""
    username = account["username"]

    def fill(write: access_table.Transaction) -> None:
        for factor_id in account["factor_ids"]:
            write.delete(FactorItem(_factor_key(username, factor_id)))
            write.delete(CredentialItem(_credential_key(factor_id)))
        write.delete(RecoveryCodesItem(_recovery_key(username)))
        actions: list[Action] = [StaffItem.factor_ids.remove(), StaffItem.epoch.set(epoch)]
        write.update(StaffItem(staff.row_key(username)), actions, _unchanged(account))
        add_change(write, change)

    _transact(username, fill)


def _unchanged(account: StaffFields) -> Condition:
    known = account["factor_ids"]
    same: Condition = StaffItem.factor_ids == set(known) if known else StaffItem.factor_ids.does_not_exist()
    same &= StaffItem.epoch == account["epoch"]
    return same


def _transact(username: str, fill: Any) -> None:
    try:
        access_table.transact(fill)
    except access_table.RefusedError as error:
        raise StaffChangedError(username) from error


def use_step(username: str, factor: Factor, step: int, at: datetime, secret: str) -> bool:
    """Records that the code of this step was used. False if it, or a later one, was used before, or the factor is gone.

    Stores the secret again, which may be encrypted with a newer key.
    """
    actions = [FactorItem.last_step.set(step), FactorItem.last_used_at.set(at), FactorItem.secret.set(secret)]
    return _use(_factor_key(username, factor.id), actions, FactorItem.last_step < step)


def find_passkey(factor_id: str) -> tuple[Factor, StaffFields] | None:
    """The passkey with this ID, and the account that it belongs to, in two calls."""
    credential = access_table.get(CredentialItem, _credential_key(factor_id))
    if credential is None:
        return None
    username = credential.username
    item, account = access_table.get_two(
        FactorItem, _factor_key(username, factor_id), StaffItem, staff.row_key(username)
    )
    return (_factor_of(item), staff.fields_of(account)) if item and account else None


def use_passkey(username: str, passkey: Factor, sign_count: int, at: datetime) -> bool:
    """Records the use. False if the passkey was removed meanwhile, or its counter has not grown (0: it has none)."""
    stored = FactorItem.sign_count
    grown = stored < sign_count if sign_count else stored == 0
    actions = [stored.set(sign_count), FactorItem.last_used_at.set(at)]
    return _use(_factor_key(username, passkey.id), actions, FactorItem.key.exists() & grown)


def use_challenge(challenge: str, until: datetime) -> bool:
    """Whether this is the first use. It is remembered until this time."""
    key = f"challenge#{sha256(challenge.encode()).hexdigest()}"
    return _use(key, [ChallengeItem.expiresAt.set(until)], ChallengeItem.key.does_not_exist())


def get_codes(username: str) -> RecoveryCodes | None:
    item = access_table.get(RecoveryCodesItem, _recovery_key(username))
    return RecoveryCodes(frozenset(item.hashes or ()), item.made_at) if item else None


def replace_codes(
    account: StaffFields, codes: RecoveryCodes, former: RecoveryCodes | None, change: AccountChange
) -> None:
    """Stores new codes in place of the former ones. Raises StaffChangedError if somebody else has replaced these."""
    username = account["username"]
    made_at = RecoveryCodesItem.made_at
    same = made_at == former.made_at if former else made_at.does_not_exist()

    def fill(write: access_table.Transaction) -> None:
        write.save(_recovery_item(username, codes), condition=same)
        # Writes the epoch that the condition demands: a mere check would need one more permission of the function.
        actions: list[Action] = [StaffItem.epoch.set(account["epoch"])]
        write.update(StaffItem(staff.row_key(username)), actions, _unchanged(account))
        add_change(write, change)

    _transact(username, fill)


def _recovery_item(username: str, codes: RecoveryCodes) -> RecoveryCodesItem:
    return RecoveryCodesItem(_recovery_key(username), hashes=set(codes.hashes), made_at=codes.made_at)


def use_code(username: str, code_hash: str) -> bool:
    """Removes the code. False if it does not exist, or was used before."""
    hashes = RecoveryCodesItem.hashes
    return _use(_recovery_key(username), [hashes.delete({code_hash})], hashes.contains(code_hash))


def _use(key: str, actions: list[Any], condition: Condition) -> bool:
    try:
        access_table.update_once(key, actions, condition)
    except access_table.RefusedError:
        return False
    return True
