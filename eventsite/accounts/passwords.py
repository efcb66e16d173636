"""How passwords are hashed and generated."""

from __future__ import annotations

import secrets

from django.contrib.auth.hashers import Argon2PasswordHasher

# Without characters that look alike.
_CHARACTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class PasswordHasher(Argon2PasswordHasher):
    """Argon2id with OWASP's parameters for little memory, because the function is small.

    https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#argon2id
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1


def generate_password(seed: bytes | None = None, groups: int = 4) -> str:
    """A one-time password in groups of four characters, each of 20 bits: 79 bits.

    The same `seed` (32 random bytes) gives the same password.
    """
    number = int.from_bytes(seed or secrets.token_bytes(32))
    characters = []
    for _ in range(4 * groups):
        number, index = divmod(number, len(_CHARACTERS))
        characters.append(_CHARACTERS[index])
    return "-".join("".join(characters[start : start + 4]) for start in range(0, 4 * groups, 4))
