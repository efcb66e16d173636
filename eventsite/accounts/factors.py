"""Two-step sign-in: a person's factors (authenticator apps, passkeys) and recovery codes."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal, NamedTuple, TypeVar

from django.utils.crypto import salted_hmac

from events.domain import StorageBusyError
from events.storage import factors as repository
from eventsite.accounts import encryption, lockout, people, totp
from eventsite.accounts.domain import Factor, RecoveryCodes
from eventsite.accounts.errors import (
    FactorNameTakenError,
    FactorNotFoundError,
    FactorRequiredError,
    StaffChangedError,
    TooManyFactorsError,
)
from eventsite.accounts.models import Staff
from eventsite.accounts.passwords import generate_password
from eventsite.accounts.security_log import new_change, record

MAX_FACTORS = 10
NUMBER_OF_CODES = 10
TIME_FOR_SET_UP = timedelta(hours=1)

# Of a recovery code: 118 bits. From 112 on, a hash for passwords is not needed (OWASP ASVS 5.0, 6.5.2).
_CODE_GROUPS = 6
_CODE_LENGTH = 4 * _CODE_GROUPS  # without hyphens
_MAX_ATTEMPTS = 4

CodeMethod = Literal["totp", "recovery-code"]
Result = TypeVar("Result")


class Code(NamedTuple):
    """What somebody typed at the second step, without spaces and hyphens."""

    method: CodeMethod
    text: str


def list_factors(staff: Staff) -> list[Factor]:
    """The oldest first."""
    return repository.get_factors(staff.username, staff.factor_ids)


def get_factor(staff: Staff, factor_id: str) -> Factor:
    """Raises FactorNotFoundError."""
    for factor in repository.get_factors(staff.username, staff.factor_ids & {factor_id}):
        return factor
    raise FactorNotFoundError


def find_unusable(staff: Staff, factors: Iterable[Factor]) -> set[str]:
    """The IDs of authenticator apps whose secret was encrypted with a key that the site no longer has."""
    return {factor.id for factor in factors if factor.method == "totp" and _secret(staff, factor) is None}


def _secret(staff: Staff, factor: Factor) -> str | None:
    try:
        return encryption.decrypt(factor.secret or "", _purpose(staff))
    except encryption.UnreadableError:
        return None


def _purpose(staff: Staff) -> str:
    return f"secret of an authenticator app of {staff.username}"


def add_authenticator(staff: Staff, name: str, secret: str, step: int, seed: bytes | None) -> list[str]:
    """Adds an authenticator app that has shown the code of this step. As `add_factor`."""
    encrypted = encryption.encrypt(secret, _purpose(staff))
    factor_id = sha256(secret.encode()).hexdigest()[:16]  # a form that is sent twice adds it once
    return add_factor(staff, Factor(factor_id, "totp", name, datetime.now(UTC), None, encrypted, step), seed)


def add_factor(staff: Staff, factor: Factor, seed: bytes | None) -> list[str]:
    """Returns the recovery codes that were made with the first factor. The same `seed` returns them again.

    Raises FactorNameTakenError, TooManyFactorsError, StaffChangedError (the session has ended).
    """

    codes = _make_codes(seed)

    def add(current: Staff) -> list[str]:
        if factor.id in current.factor_ids:
            return codes if _are_stored(current, codes) else []
        check_room(list_factors(current), factor.name)
        first = RecoveryCodes(_hashes(current, codes), datetime.now(UTC)) if not current.factor_ids else None
        change = new_change(staff.username, "factor-added", staff.username, factor.method)
        repository.add_factor(current.fields(), factor, first, change)
        return codes if first else []

    return _retry(staff, add)


def check_room(listed: list[Factor], name: str) -> None:
    """Raises FactorNameTakenError, TooManyFactorsError."""
    if len(listed) >= MAX_FACTORS:
        raise TooManyFactorsError
    if name.casefold() in (factor.name.casefold() for factor in listed):
        raise FactorNameTakenError


def remove_factor(staff: Staff, factor_id: str) -> Factor:
    """Raises FactorNotFoundError, FactorRequiredError, StaffChangedError (the session has ended)."""

    def remove(current: Staff) -> Factor:
        factor = get_factor(current, factor_id)
        is_last(current, factor_id)
        change = new_change(staff.username, "factor-removed", staff.username, factor.method)
        repository.remove_factor(current.fields(), factor_id, change)
        return factor

    return _retry(staff, remove)


def is_last(staff: Staff, factor_id: str) -> bool:
    """Whether the person has no other factor. Raises FactorRequiredError if they need this one."""
    last: bool = staff.factor_ids == {factor_id}
    if last and staff.needs_factor:
        raise FactorRequiredError
    return last


def _retry(staff: Staff, change: Callable[[Staff], Result]) -> Result:
    """Retries if another request changed this person's factors first, but not if it ended the sessions."""
    current = staff
    for _ in range(_MAX_ATTEMPTS):
        try:
            return change(current)
        except StaffChangedError:
            current = people.get_staff(staff.username)
            if current.epoch != staff.epoch:
                raise
    raise StorageBusyError("somebody else changed the factors first, at every attempt")


def get_codes(staff: Staff) -> RecoveryCodes | None:
    return repository.get_codes(staff.username)


def replace_codes(staff: Staff, seed: bytes | None, made_at: str) -> list[str]:
    """Replaces the recovery codes that were made at this time ("": there are none). The same `seed` returns them again.

    Raises StaffChangedError if somebody else has replaced them since.
    """
    codes, former = _make_codes(seed), get_codes(staff)
    if not _are_stored(staff, codes):
        if made_at != (former.made_at.isoformat() if former else ""):
            raise StaffChangedError(staff.username)
        new = RecoveryCodes(_hashes(staff, codes), datetime.now(UTC))
        change = new_change(staff.username, "recovery-codes-made", staff.username)
        repository.replace_codes(staff.fields(), new, former, change)
    return codes


def _make_codes(seed: bytes | None) -> list[str]:
    """Ten codes in groups of four."""
    seed = seed or secrets.token_bytes(64)
    numbers = range(NUMBER_OF_CODES)
    made = [salted_hmac(f"eventsite.accounts.recovery {number}", seed, algorithm="sha256") for number in numbers]
    return [generate_password(code.digest(), _CODE_GROUPS) for code in made]


def _are_stored(staff: Staff, codes: list[str]) -> bool:
    """Whether the person's codes are these. Some of them may have been used."""
    stored = get_codes(staff)
    return stored is not None and bool(stored.hashes & _hashes(staff, codes))


def _hashes(staff: Staff, codes: Iterable[str]) -> frozenset[str]:
    return frozenset(_hash(staff, code.replace("-", "")) for code in codes)


def _hash(staff: Staff, code: str) -> str:
    """A code has so many bits that a slow hash would not make it safer."""
    return sha256(f"{staff.username}:{code}".encode()).hexdigest()


def read_code(typed: str) -> Code | None:
    """None if this is neither a code of an authenticator app nor a recovery code."""
    text = "".join(character for character in unicodedata.normalize("NFKC", typed).lower() if character.isalnum())
    if not text.isascii():
        return None
    if text.isdecimal() and len(text) == totp.DIGITS:
        return Code("totp", text)
    return Code("recovery-code", text) if len(text) == _CODE_LENGTH else None


def use_code(staff: Staff, code: Code) -> bool:
    """Whether the code is right. It then cannot be used again. Attempts are counted first. Raises LockedOutError."""
    attempts = lockout.attempts_with_codes(staff, code.method)
    attempts.count()
    is_right = _use_totp(staff, code.text) if code.method == "totp" else _use_recovery_code(staff, code.text)
    if is_right:
        attempts.forget()
    else:
        record("second-step-failed", whom=staff.username, detail=code.method)
    return is_right


def _use_totp(staff: Staff, code: str) -> bool:
    for factor in list_factors(staff):
        secret = _secret(staff, factor) if factor.method == "totp" else None
        step = totp.matching_step(secret, code) if secret else None
        if secret and step is not None:
            encrypted = encryption.encrypt(secret, _purpose(staff))  # with the newest key
            if repository.use_step(staff.username, factor, step, datetime.now(UTC), encrypted):
                return True
    return False


def _use_recovery_code(staff: Staff, code: str) -> bool:
    return repository.use_code(staff.username, _hash(staff, code))
