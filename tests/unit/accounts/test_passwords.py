"""Password hashes and generated passwords."""

from __future__ import annotations

from django.contrib.auth.hashers import check_password, identify_hasher, make_password
from django.test import override_settings

from eventsite.accounts.passwords import generate_password


@override_settings(PASSWORD_HASHERS=["eventsite.accounts.passwords.PasswordHasher"])
def test_password_hashes_use_little_memory() -> None:
    encoded = make_password("correct horse battery")
    assert encoded.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert check_password("correct horse battery", encoded)
    assert not check_password("correct horse batterx", encoded)
    assert not identify_hasher(encoded).must_update(encoded)


def test_generated_passwords_are_long_and_unique() -> None:
    made_up = {generate_password() for _ in range(100)}
    assert len(made_up) == 100
    assert {len(password) for password in made_up} == {19}
