"""API keys in DynamoDB, and the names that they hold."""

from __future__ import annotations

from datetime import datetime

from pynamodb.transactions import TransactWrite

from events.storage import access_table
from events.storage.account_items import API_KEY, ApiKeyItem, ApiKeyNameItem
from eventsite.accounts.domain import ApiKey, KeyNameTakenError, KeyNotFoundError

_FIELD_NAMES = [name for name in ApiKey._fields if name != "id"]


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
    """All, revoked ones too. One made some milliseconds ago may be missing."""
    return [_api_key(item) for item in access_table.list_kind(API_KEY, ApiKeyItem)]


def create_key(api_key: ApiKey) -> None:
    """Raises KeyNameTakenError."""
    stored = {name: value for name, value in api_key._asdict().items() if name != "id"}

    def fill(write: TransactWrite) -> None:
        write.save(ApiKeyItem(_key(api_key.id), kind=API_KEY, **stored), condition=ApiKeyItem.key.does_not_exist())
        write.save(_name_item(api_key.name, api_key.id), condition=ApiKeyNameItem.key.does_not_exist())

    try:
        access_table.transact(fill)
    except access_table.RefusedError as error:
        raise KeyNameTakenError(api_key.name) from error


def revoke_key(api_key: ApiKey, at: datetime) -> None:
    """Raises KeyNotFoundError if it was revoked already."""
    live = ApiKeyItem.key.exists() & ApiKeyItem.revoked_at.does_not_exist()

    def fill(write: TransactWrite) -> None:
        write.update(ApiKeyItem(_key(api_key.id)), [ApiKeyItem.revoked_at.set(at)], condition=live)
        write.delete(_name_item(api_key.name))

    try:
        access_table.transact(fill)
    except access_table.RefusedError as error:
        raise KeyNotFoundError(api_key.id) from error


def delete_key(api_key: ApiKey) -> None:
    """With its name; a key that is not there is no error."""

    def fill(write: TransactWrite) -> None:
        write.delete(ApiKeyItem(_key(api_key.id)))
        write.delete(_name_item(api_key.name))

    access_table.transact(fill)


def touch_key(key_id: str, at: datetime, before: datetime) -> None:
    """Notes a use, unless there is one since `before`."""
    due = ApiKeyItem.last_used_at.does_not_exist() | (ApiKeyItem.last_used_at < before)
    try:
        access_table.update(_key(key_id), [ApiKeyItem.last_used_at.set(at)], ApiKeyItem.key.exists() & due)
    except access_table.RefusedError:
        return
