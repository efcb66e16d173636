"""Adds a passkey and signs in with one, as passkeys.js does."""

from __future__ import annotations

from typing import Any

from django.test import Client

from eventsite.accounts import people
from tests.support.authenticator import Authenticator
from tests.support.clients import client_of

NEW = "/staff/account/passkeys/new/"
SIGN_IN = "/staff/login/passkey/"
NOT_ACCEPTED = "This passkey was not accepted. Try again, or sign in another way."


def options(client: Client, path: str = SIGN_IN, name: str = "Laptop") -> Any:
    response = client.post(f"{path}options/", {"name": name}, headers={"Accept": "application/json"})
    assert response.status_code == 200, response.content
    return response.json()


def add(client: Client, authenticator: Authenticator, name: str = "Laptop", **overrides: Any) -> Any:
    """The response to the form."""
    return client.post(NEW, {"name": name, "credential": authenticator.create(options(client, NEW, name), **overrides)})


def make_passkey(username: str = "anna", name: str = "Laptop", **values: Any) -> Authenticator:
    authenticator = Authenticator(**values)
    assert add(client_of(people.get_staff(username)), authenticator, name).status_code in (200, 302)
    return authenticator


def sign_in(client: Client, authenticator: Authenticator, next_page: str = "", **overrides: Any) -> Any:
    return send(client, authenticator.get(options(client), **overrides), next_page)


def send(client: Client, credential: str, next_page: str = "", **options: Any) -> Any:
    form = {"credential": credential, "next": next_page}
    return client.post(SIGN_IN, form, **{"headers": {"Accept": "application/json"}, **options})


def refused(response: Any, sentence: str = NOT_ACCEPTED) -> bool:
    return bool(response.status_code == 422 and response.json() == {"detail": sentence, "code": "passkey_refused"})
