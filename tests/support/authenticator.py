"""An authenticator without a screen: it makes a passkey, and signs challenges as a browser would send them."""

from __future__ import annotations

import json
import secrets
import struct
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """One passkey. A test may change what the authenticator, or the browser, says next."""

    origin: str = "http://testserver"
    host: str = "testserver"
    flags: int = PRESENT | VERIFIED
    counter: int = 0
    cross_origin: bool = False
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    user_handle: str | None = None
    transports: list[str] = field(default_factory=lambda: ["internal", "hybrid"])
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: dict[str, Any], **overrides: Any) -> str:
        """The JSON that passkeys.js makes of what `navigator.credentials.create` returns."""
        self.user_handle = options["user"]["id"]
        made: dict[int, Any] = ES256.from_cryptography_key(self.key.public_key())  # type: ignore[no-untyped-call]
        key = cbor.encode({**made, **overrides.pop("key", {})})
        credential = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + key
        data = self._data(ATTESTED) + credential
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": self._client_data("webauthn.create", options["challenge"]),
            "attestationObject": websafe_encode(attestation),
            "transports": self.transports,
        }
        return self._credential(response | overrides)

    def get(self, options: dict[str, Any], **overrides: Any) -> str:
        """The JSON that passkeys.js makes of what `navigator.credentials.get` returns."""
        data, client_data = self._data(), self._client_data("webauthn.get", options["challenge"])
        signature = self.key.sign(data + sha256(websafe_decode(client_data)).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": client_data,
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(signature),
            "userHandle": self.user_handle,
        }
        return self._credential(response | overrides)

    def _data(self, flags: int = 0) -> bytes:
        return sha256(self.host.encode()).digest() + struct.pack(">BI", self.flags | flags, self.counter)

    def _client_data(self, kind: str, challenge: str) -> str:
        values = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": self.cross_origin}
        return websafe_encode(json.dumps(values).encode())

    def _credential(self, response: dict[str, Any]) -> str:
        text = websafe_encode(self.credential_id)
        return json.dumps({"id": text, "rawId": text, "type": "public-key", "response": response})
