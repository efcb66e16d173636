"""Sessions in the access table. Sign-out deletes the session, so a copied cookie stops working."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpRequest

from events.storage import sessions as session_repository
from events.storage.sessions import SessionUse, StoredSession
from eventsite.accounts.devices import device_of
from eventsite.accounts.domain import StaffFields

RECENT = timedelta(minutes=10)

RENEWED_EVERY = timedelta(hours=1)
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
    """A session ends when it was not used for some days (the idle timeout), and some days after the sign-in."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._stored: StoredSession | None = None  # as it was read

    def load(self) -> dict[str, Any]:
        stored, account = _read(self.session_key) if self.session_key else (None, None)
        values = self.decode(stored.data) if stored else {}
        if stored is None or has_ended(stored, values):
            self._session_key = None
            return {}
        self._stored = stored
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
        use = self._use(values.get(SESSION_KEY, ""), _now())
        if not session_repository.put_session(self.session_key, self.encode(values), use, must_create):
            raise CreateError if must_create else UpdateError
        _remember(self.session_key, values)

    def renew(self) -> bool:
        """Records that a signed-in person uses the session, at most once an hour. False if it has ended meanwhile."""
        at = _now()
        seen = self._stored.last_seen if self._stored else at
        if seen and at - seen < RENEWED_EVERY:
            return True
        return session_repository.renew_session(str(self.session_key), self._use(self[SESSION_KEY], at))

    def cycle_key(self) -> None:
        """Raises SessionInterrupted if the session was deleted meanwhile: it must not come back under another key."""
        values = self._session  # type: ignore[attr-defined]
        if self.session_key and not session_repository.delete_session(self.session_key):
            raise SessionInterrupted("The session was ended before the request completed.")
        self.create()
        self._session_cache = values

    def flush(self) -> None:
        super().flush()
        self._stored = None

    def delete(self, session_key: str | None = None) -> None:
        session_key = session_key or self.session_key
        if session_key:
            session_repository.delete_session(session_key)

    def get_expiry_age(self, **kwargs: Any) -> int:
        """The age of the cookie: until the last possible end, so that it need not be sent again when it is renewed."""
        at = _now()
        return max(0, int((self._last_end(at) - at).total_seconds()))

    def _use(self, username: str, at: datetime) -> SessionUse:
        return SessionUse(min(at + _idle(), self._last_end(at)), username, at)

    def _last_end(self, at: datetime) -> datetime:
        """Use does not extend it. Sessions before sign-in, and of earlier versions, end when they were to end."""
        signed_in = time_in(self._session, "signed_in_at")  # type: ignore[attr-defined]
        if signed_in:
            return signed_in + _absolute()
        return self._stored.expires if self._stored else at + _idle()

    @classmethod
    def clear_expired(cls) -> None:
        """Does nothing: DynamoDB deletes expired sessions."""


def has_ended(stored: StoredSession, values: dict[str, Any]) -> bool:
    """Compares the timeouts as they are set now; they may have been longer when the session was stored."""
    at, signed_in = _now(), time_in(values, "signed_in_at")
    return (
        stored.expires <= at
        or (stored.last_seen is not None and stored.last_seen + _idle() <= at)
        or (signed_in is not None and signed_in + _absolute() <= at)
    )


def mark_signed_in(request: HttpRequest, method: str) -> None:
    """Call this after every sign-in, with its method: its time decides when the session ends."""
    at = _now().isoformat()
    request.session.update(
        {
            "signed_in_at": at,
            "authenticated_at": at,
            "method": method,
            "address": request.META.get("REMOTE_ADDR", ""),
            "device": device_of(request.headers.get("User-Agent", "")),
        }
    )


def mark_signed_in_again(request: HttpRequest) -> None:
    """Call this when the signed-in person has proved again who they are. The session gets a new key."""
    request.session.cycle_key()
    request.session["authenticated_at"] = _now().isoformat()


def signed_in_recently(request: HttpRequest) -> bool:
    """Whether the person has proved at most ten minutes ago who they are."""
    at = time_in(request.session, "authenticated_at")
    return at is not None and _now() - at <= RECENT


def renew(request: HttpRequest) -> bool:
    return cast(SessionStore, request.session).renew()


def time_in(values: Any, name: str) -> datetime | None:
    """A time in the values of a session."""
    return datetime.fromisoformat(values[name]) if name in values else None


def _idle() -> timedelta:
    return timedelta(days=settings.EVENTS_SESSION_IDLE_DAYS)


def _absolute() -> timedelta:
    return timedelta(days=settings.EVENTS_SESSION_DAYS)


def _now() -> datetime:
    return datetime.now(UTC)


def _read(session_key: str) -> tuple[StoredSession | None, StaffFields | None]:
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
