"""API keys in the access table, and their names."""

from __future__ import annotations

from datetime import datetime

from pynamodb.attributes import UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.expressions.update import Action

from events.storage import access_table
from events.storage.account_changes import add_change
from events.storage.models import AccessItem
from eventsite.accounts.domain import AccountChange, ApiKey
from eventsite.accounts.errors import KeyChangedError, KeyNameTakenError, KeyNotFoundError

_KIND = "api-key"
_FIELD_NAMES = [name for name in ApiKey._fields if name != "id"]


class ApiKeyItem(AccessItem):
    """An API key without its secrets, under "api-key#<id>". It expires at `validUntil`; `expiresAt` would delete it."""

    name = UnicodeAttribute()
    scope = UnicodeAttribute()
    secret_hash = UnicodeAttribute(attr_name="secretHash")
    created_at = UTCDateTimeAttribute(attr_name="createdAt")
    created_by = UnicodeAttribute(attr_name="createdBy")
    last_used_at = UTCDateTimeAttribute(attr_name="lastUsedAt", null=True)
    revoked_at = UTCDateTimeAttribute(attr_name="revokedAt", null=True)
    # Keys of earlier versions lack these.
    last_address = UnicodeAttribute(attr_name="lastAddress", null=True)
    valid_until = UTCDateTimeAttribute(attr_name="validUntil", null=True)
    rotated_at = UTCDateTimeAttribute(attr_name="rotatedAt", null=True)
    former_hash = UnicodeAttribute(attr_name="formerHash", null=True)
    former_until = UTCDateTimeAttribute(attr_name="formerUntil", null=True)


class ApiKeyNameItem(AccessItem):
    """The name of a key that is not revoked, under "api-key-name#<name, case-folded>". It keeps names unique."""

    key_id = UnicodeAttribute(attr_name="keyId")


_SECRETS = ("secret_hash", "rotated_at", "valid_until", "former_hash", "former_until")
_LIVE = ApiKeyItem.key.exists() & ApiKeyItem.revoked_at.does_not_exist()


def _key(key_id: str) -> str:
    return f"api-key#{key_id}"


def _name_item(name: str, key_id: str | None = None) -> ApiKeyNameItem:
    return ApiKeyNameItem(f"api-key-name#{name.casefold()}", key_id=key_id)


def _api_key(item: ApiKeyItem) -> ApiKey:
    return ApiKey(item.key.removeprefix(_key("")), **{name: getattr(item, name) for name in _FIELD_NAMES})


def get_key(key_id: str) -> ApiKey | None:
    item = access_table.get(ApiKeyItem, _key(key_id))
    return _api_key(item) if item else None


def list_keys() -> list[ApiKey]:
    """All keys, including revoked ones. One created some milliseconds ago may be missing."""
    return [_api_key(item) for item in access_table.list_kind(_KIND, ApiKeyItem)]


def create_key(api_key: ApiKey, change: AccountChange | None = None) -> None:
    """Stores the key, and the row of the change with it. Raises KeyNameTakenError."""
    stored = {name: value for name, value in api_key._asdict().items() if name != "id"}

    def fill(write: access_table.Transaction) -> None:
        write.save(ApiKeyItem(_key(api_key.id), kind=_KIND, **stored), condition=ApiKeyItem.key.does_not_exist())
        write.save(_name_item(api_key.name, api_key.id), condition=ApiKeyNameItem.key.does_not_exist())
        add_change(write, change)

    try:
        access_table.transact(fill)
    except access_table.RefusedError as error:
        raise KeyNameTakenError(api_key.name) from error


def rotate_key(api_key: ApiKey, replaced: str, change: AccountChange | None = None) -> None:
    """Stores a key's secrets. Raises KeyChangedError if its secret is not the `replaced` one, or it was revoked."""
    item = ApiKeyItem(_key(api_key.id))
    actions: list[Action] = []
    for name in _SECRETS:
        attribute, value = getattr(ApiKeyItem, name), getattr(api_key, name)
        actions.append(attribute.remove() if value is None else attribute.set(value))

    def fill(write: access_table.Transaction) -> None:
        unchanged = ApiKeyItem.secret_hash == replaced
        write.update(item, actions, condition=_LIVE & unchanged)
        add_change(write, change)

    try:
        access_table.transact(fill)
    except access_table.RefusedError as error:
        raise KeyChangedError(api_key.id) from error


def revoke_key(api_key: ApiKey, at: datetime, change: AccountChange | None = None) -> None:
    """Raises KeyNotFoundError if it was revoked already."""

    def fill(write: access_table.Transaction) -> None:
        write.update(ApiKeyItem(_key(api_key.id)), [ApiKeyItem.revoked_at.set(at)], condition=_LIVE)
        write.delete(_name_item(api_key.name))
        add_change(write, change)

    try:
        access_table.transact(fill)
    except access_table.RefusedError as error:
        raise KeyNotFoundError(api_key.id) from error


def delete_key(api_key: ApiKey) -> None:
    """Deletes the key and its name. It is no error if they do not exist."""

    def fill(write: access_table.Transaction) -> None:
        write.delete(ApiKeyItem(_key(api_key.id)))
        write.delete(_name_item(api_key.name))

    access_table.transact(fill)


def note_use(key_id: str, at: datetime, address: str, before: datetime) -> None:
    """Stores the last use and its network address, unless the stored use is later than `before`."""
    due = ApiKeyItem.last_used_at.does_not_exist() | (ApiKeyItem.last_used_at < before)
    actions: list[Action] = [ApiKeyItem.last_used_at.set(at), ApiKeyItem.last_address.set(address)]
    try:
        access_table.update(_key(key_id), actions, ApiKeyItem.key.exists() & due)
    except access_table.RefusedError:
        return
