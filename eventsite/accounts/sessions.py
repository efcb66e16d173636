"""Sessions in the access table. Sign-out deletes the session, so a copied cookie stops working."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError

from events.storage import sessions as session_repository
from eventsite.accounts.domain import StaffFields

_RENEWED_EVERY = timedelta(days=1)
_MOST_REMEMBERED = 1000

# Whose sessions these are, so that the account is read in the same call. Only a hint: what is read decides.
_usernames: dict[str, str] = {}


class UsernameWithAccount(str):
    """The username in a session that was just read, with the account that was read in the same call."""

    account: StaffFields

    def __new__(cls, account: StaffFields) -> UsernameWithAccount:
        username = super().__new__(cls, account["username"])
        username.account = account
        return username


class SessionStore(SessionBase):
    def load(self) -> dict[str, Any]:
        stored, account = _read(self.session_key) if self.session_key else (None, None)
        if stored is None:
            self._session_key = None
            return {}
        data, expires = stored
        age = timedelta(seconds=self.get_session_cookie_age())
        if expires - datetime.now(UTC) < age - _RENEWED_EVERY:
            self.modified = True  # users who come every day stay signed in
        values = self.decode(data)
        _remember(self.session_key, values)
        if account and values.get(SESSION_KEY) == account["username"]:
            values[SESSION_KEY] = UsernameWithAccount(account)
        return values

    def exists(self, session_key: str) -> bool:
        return session_repository.get_session(session_key) is not None

    def create(self) -> None:
        while True:
            self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:
        """Raises UpdateError if the session was deleted meanwhile, because it must stay deleted."""
        if self.session_key is None:
            self.create()
            return
        values = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        data = self.encode(values)
        expires = datetime.now(UTC) + timedelta(seconds=self.get_session_cookie_age())
        if not session_repository.put_session(self.session_key, data, expires, new=must_create):
            raise CreateError if must_create else UpdateError
        _remember(self.session_key, values)

    def delete(self, session_key: str | None = None) -> None:
        session_key = session_key or self.session_key
        if session_key:
            session_repository.delete_session(session_key)

    @classmethod
    def clear_expired(cls) -> None:
        """Does nothing: DynamoDB deletes expired sessions."""


def _read(session_key: str) -> tuple[tuple[str, datetime] | None, StaffFields | None]:
    username = _usernames.get(session_key)
    if username:
        return session_repository.get_session_and_staff(session_key, username)
    return session_repository.get_session(session_key), None


def _remember(session_key: str | None, values: dict[str, Any]) -> None:
    username = values.get(SESSION_KEY)
    if session_key and username:
        if len(_usernames) >= _MOST_REMEMBERED:
            _usernames.clear()
        _usernames[session_key] = str(username)
