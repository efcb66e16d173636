"""Sessions in the access table. Sign-out deletes the session, so a copied cookie stops working."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError

from events.storage import sessions as session_repository

_RENEWED_EVERY = timedelta(days=1)


class SessionStore(SessionBase):
    def load(self) -> dict[str, Any]:
        stored = session_repository.get_session(self.session_key) if self.session_key else None
        if stored is None:
            self._session_key = None
            return {}
        data, expires = stored
        age = timedelta(seconds=self.get_session_cookie_age())
        if expires - datetime.now(UTC) < age - _RENEWED_EVERY:
            self.modified = True  # users who come every day stay signed in
        return self.decode(data)

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
        data = self.encode(self._get_session(no_load=must_create))  # type: ignore[attr-defined]
        expires = datetime.now(UTC) + timedelta(seconds=self.get_session_cookie_age())
        if not session_repository.put_session(self.session_key, data, expires, new=must_create):
            raise CreateError if must_create else UpdateError

    def delete(self, session_key: str | None = None) -> None:
        session_key = session_key or self.session_key
        if session_key:
            session_repository.delete_session(session_key)

    @classmethod
    def clear_expired(cls) -> None:
        """Does nothing: DynamoDB deletes expired sessions."""
