"""The rows of the access table that say who may come in. Each lives under a key that starts with what it is."""

from __future__ import annotations

from pynamodb.attributes import (
    BooleanAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)

from events.storage.models import AccessItem

STAFF = "staff"
API_KEY = "api-key"


class StaffItem(AccessItem):
    """An account, under "staff#<username>"."""

    password = UnicodeAttribute()
    role = UnicodeAttribute()
    is_active = BooleanAttribute(attr_name="isActive")
    must_change_password = BooleanAttribute(attr_name="mustChangePassword")
    epoch = UnicodeAttribute()
    feed_nonce = UnicodeAttribute(attr_name="feedNonce")
    created_at = UTCDateTimeAttribute(attr_name="createdAt")
    last_login = UTCDateTimeAttribute(attr_name="lastLogin", null=True)


class AdminsItem(AccessItem):
    """Who is an active admin, under "admins". What makes or ends one changes this row and the account, or neither."""

    usernames = UnicodeSetAttribute()


class SessionItem(AccessItem):
    """A session, under "session#<SHA-256 of its key>": whoever reads the table cannot take it over."""

    data = UnicodeAttribute()


class LockoutItem(AccessItem):
    """Tries at a password, under "lockout#<SHA-256 of whose they are>"."""

    tries = NumberAttribute()


class ApiKeyItem(AccessItem):
    """A key of the API without its secret, under "api-key#<id>"."""

    name = UnicodeAttribute()
    scope = UnicodeAttribute()
    secret_hash = UnicodeAttribute(attr_name="secretHash")
    created_at = UTCDateTimeAttribute(attr_name="createdAt")
    created_by = UnicodeAttribute(attr_name="createdBy")
    last_used_at = UTCDateTimeAttribute(attr_name="lastUsedAt", null=True)
    revoked_at = UTCDateTimeAttribute(attr_name="revokedAt", null=True)


class ApiKeyNameItem(AccessItem):
    """A name that is taken until its key is revoked, under "api-key-name#<name, case-folded>"."""

    key_id = UnicodeAttribute(attr_name="keyId")
