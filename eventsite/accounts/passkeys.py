"""Passkeys (WebAuthn): what a browser is asked for, and the checks of its response.

The library takes 0.1 seconds to import, so only the functions that need it import it.
"""

from __future__ import annotations

import json
import logging
import secrets
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, NoReturn

from django.http import HttpRequest
from django.http.request import split_domain_port
from django.urls import reverse

from events.storage import factors as repository
from eventsite.accounts import factors
from eventsite.accounts.domain import Factor
from eventsite.accounts.errors import PasskeyRefusedError
from eventsite.accounts.models import Staff

if TYPE_CHECKING:
    from fido2.server import Fido2Server
    from fido2.webauthn import AttestedCredentialData, CollectedClientData, PublicKeyCredentialDescriptor

logger = logging.getLogger("eventsite.accounts")

CHALLENGE_VALID_FOR = timedelta(minutes=5)
MAX_CREDENTIAL_ID_BYTES = 1023  # the standard's own limit

_NEW, _SIGN_IN = "new_passkey", "passkey"  # names in the session
_ALGORITHMS = (-7, -8, -257)  # ES256, EdDSA, RS256: the standard recommends these three
_TRANSPORTS = frozenset({"ble", "hybrid", "internal", "nfc", "smart-card", "usb"})
# What the library raises for data that no browser sends.
_INVALID = (ValueError, TypeError, LookupError, AttributeError, AssertionError, RuntimeError, struct.error)


def host_name(request: HttpRequest) -> str:
    """The host name that passkeys belong to (the RP ID), or "" if the request names a network address."""
    host = split_domain_port(request.get_host())[0]
    return "" if _network_address(host) else host


def origin_with_name(request: HttpRequest) -> str:
    """For a loopback address, the same origin with "localhost"; otherwise ""."""
    host, port = split_domain_port(request.get_host())
    address = _network_address(host)
    return f"{request.scheme}://localhost{port and f':{port}'}" if address and address.is_loopback else ""


def _network_address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def begin_registration(request: HttpRequest, staff: Staff, name: str) -> dict[str, Any]:
    """The options for `navigator.credentials.create`.

    Raises PasskeyRefusedError, FactorNameTakenError, TooManyFactorsError: a device must not get a useless passkey.
    """
    from fido2.utils import websafe_decode
    from fido2.webauthn import (
        PublicKeyCredentialUserEntity,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    listed = factors.list_factors(staff)
    factors.check_room(listed, name)
    server, known = _server(request), [factor for factor in listed if factor.method == "passkey"]
    # An authenticator keeps one passkey for each host name and user handle.
    handle = websafe_decode(known[0].user_handle) if known else secrets.token_bytes(32)
    options, state = server.register_begin(
        PublicKeyCredentialUserEntity(id=handle, name=staff.username, display_name=staff.username),
        _descriptors(known),
        ResidentKeyRequirement.REQUIRED,
        UserVerificationRequirement.REQUIRED,
    )
    public_key: dict[str, Any] = dict(options)["publicKey"]
    _keep_challenge(request, _NEW, state, handle=public_key["user"]["id"])
    return public_key


def complete_registration(request: HttpRequest, name: str, sent: str) -> Factor:
    """The passkey to store. `sent` is the browser's response as JSON. Raises PasskeyRefusedError."""
    from fido2 import cbor
    from fido2.utils import websafe_encode
    from fido2.webauthn import RegistrationResponse

    server, state = _server(request), _take_challenge(request, _NEW)
    with _refusing_invalid():
        values = json.loads(sent)
        response = RegistrationResponse.from_dict(values)
        made = server.register_complete(state, response)
        credential = made.credential_data
        assert credential
        algorithm = credential.public_key.get(3)
        transports = sorted(_TRANSPORTS.intersection(values["response"].get("transports") or ()))
    _check_frame(response.response.client_data)
    if algorithm not in _ALGORITHMS or len(credential.credential_id) > MAX_CREDENTIAL_ID_BYTES:
        _refuse("an algorithm that was not offered, or a credential ID that is too long")
    factor_id = _factor_id(credential.credential_id)
    if repository.find_passkey(factor_id):
        _refuse("already stored")
    return Factor(
        factor_id,
        "passkey",
        name,
        datetime.now(UTC),
        credential_id=websafe_encode(credential.credential_id),
        public_key=websafe_encode(cbor.encode(credential.public_key)),
        user_handle=state["handle"],
        transports=" ".join(transports),
        sign_count=made.counter,
    )


def begin_sign_in(request: HttpRequest, staff: Staff | None = None) -> dict[str, Any]:
    """The options for `navigator.credentials.get`, for the passkeys of this person, or of anybody.

    Raises PasskeyRefusedError.
    """
    from fido2.webauthn import UserVerificationRequirement

    listed = factors.list_factors(staff) if staff else []
    server, known = _server(request), [factor for factor in listed if factor.method == "passkey"]
    options, state = server.authenticate_begin(_descriptors(known) or None, UserVerificationRequirement.REQUIRED)
    _keep_challenge(request, _SIGN_IN, state, username=staff.username if staff else "")
    public_key: dict[str, Any] = dict(options)["publicKey"]
    return public_key


def complete_sign_in(request: HttpRequest, sent: str, has_password: bool = False) -> Staff:
    """Whose passkey it is. `sent` is the browser's response as JSON. Raises PasskeyRefusedError.

    After an admin has reset a password, a passkey is accepted only with the one-time password (`has_password`).
    """
    from fido2.utils import websafe_encode
    from fido2.webauthn import AuthenticationResponse

    server, state = _server(request), _take_challenge(request, _SIGN_IN)
    with _refusing_invalid():
        response = AuthenticationResponse.from_dict(json.loads(sent))
        credential_id, handle = response.raw_id, response.response.user_handle
        found = repository.find_passkey(_factor_id(credential_id))
    if found is None:
        _refuse("unknown or removed")
    passkey, staff = found[0], Staff(**found[1])
    with _refusing_invalid():
        server.authenticate_complete(state, [_credential(passkey)], response)
    _check_frame(response.response.client_data)
    # An authenticator may leave out the handle if it was told which credentials to use.
    if not (state["username"] and handle is None) and websafe_encode(handle or b"") != passkey.user_handle:
        _refuse(f"another user handle than that of {staff.username}")
    if state["username"] not in ("", staff.username):
        _refuse(f"a passkey of {staff.username} to sign in as {state['username']}")
    if not staff.is_active:
        _refuse(f"{staff.username} is not active")
    if staff.must_change_password and not (has_password and state["username"] == staff.username):
        sentence = "An admin has reset your password. Sign in with the one-time password first."
        _refuse(f"{staff.username} has a one-time password", sentence)
    counter = response.response.authenticator_data.counter
    if not repository.use_passkey(staff.username, passkey, counter, datetime.now(UTC)):
        _refuse(f"the counter of a passkey of {staff.username} did not grow, as if it was copied; or it was removed")
    return staff


def _server(request: HttpRequest) -> Fido2Server:
    """For the host name and the origin of this request. Raises PasskeyRefusedError for a network address."""
    from fido2.server import Fido2Server
    from fido2.webauthn import (
        AttestationConveyancePreference,
        PublicKeyCredentialParameters,
        PublicKeyCredentialRpEntity,
        PublicKeyCredentialType,
    )

    host, origin = host_name(request), f"{request.scheme}://{request.get_host()}"
    if not host:
        other = origin_with_name(request)
        advice = f"Open {other}{reverse('pages:home')} instead." if other else "Open the site by its name."
        _refuse("no host name", f"Passkeys do not work at this address, because it has no host name. {advice}")
    server = Fido2Server(
        PublicKeyCredentialRpEntity(id=host, name="Events"),
        AttestationConveyancePreference.NONE,
        lambda sent: sent == origin,
    )
    server.timeout = int(CHALLENGE_VALID_FOR.total_seconds() * 1000)  # type: ignore[assignment]
    server.allowed_algorithms = [
        PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=algorithm)
        for algorithm in _ALGORITHMS
    ]
    return server


def _factor_id(credential_id: bytes) -> str:
    """A passkey is found by its credential, so its ID follows from the credential's."""
    return sha256(credential_id).hexdigest()


def _descriptors(passkeys: Iterable[Factor]) -> list[PublicKeyCredentialDescriptor]:
    from fido2.webauthn import PublicKeyCredentialDescriptor

    return [
        PublicKeyCredentialDescriptor.from_dict(
            {"type": "public-key", "id": passkey.credential_id, "transports": passkey.transports.split() or None}
        )
        for passkey in passkeys
    ]


def _credential(passkey: Factor) -> AttestedCredentialData:
    from fido2 import cbor
    from fido2.cose import CoseKey
    from fido2.utils import websafe_decode
    from fido2.webauthn import Aaguid, AttestedCredentialData

    key = CoseKey.parse(cbor.decode(websafe_decode(passkey.public_key)))  # type: ignore[arg-type]
    return AttestedCredentialData.create(Aaguid.NONE, websafe_decode(passkey.credential_id), key)


def _keep_challenge(request: HttpRequest, name: str, state: dict[str, Any], **values: str) -> None:
    request.session[name] = {**state, **values, "at": time.time()}


def _take_challenge(request: HttpRequest, name: str) -> dict[str, Any]:
    """The challenge of this session. It can be taken once, even by two requests at the same time."""
    state: dict[str, Any] | None = request.session.pop(name, None)
    if state is None:
        _refuse("no challenge")
    if time.time() - state["at"] > CHALLENGE_VALID_FOR.total_seconds():
        _refuse("an expired challenge", "This took longer than 5 minutes. Please try again.")
    if not repository.use_challenge(state["challenge"], datetime.now(UTC) + 2 * CHALLENGE_VALID_FOR):
        _refuse("a challenge that was already used")
    return state


def _check_frame(client_data: CollectedClientData) -> None:
    """Refuses a response that was made in a page of another site which frames this one."""
    if client_data.cross_origin:
        _refuse("made in a frame of another site")


@contextmanager
def _refusing_invalid() -> Iterator[None]:
    try:
        yield
    except _INVALID as error:
        _refuse(f"{type(error).__name__}: {error}"[:200])


def _refuse(reason: str, sentence: str = "") -> NoReturn:
    logger.warning("A passkey was refused: %s", reason)
    raise PasskeyRefusedError(reason, sentence) if sentence else PasskeyRefusedError(reason)
