"""Calls of AWS services: signatures, retries, credentials, proxies."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import call, patch
from zlib import crc32

import certifi
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, ReadOnlyCredentials, RefreshableCredentials
from botocore.exceptions import ClientError, NoCredentialsError

from eventsite import aws_calls
from eventsite.aws_calls import NoResponseError, Service
from tests.support.fake_service import Answer, answering

CREDENTIALS = Credentials("id", "secret", "token")
OK: Answer = (200, '{"Fine": true}', {})


class Notes(Service):
    name = "notes"
    target = "Notes_20200101"
    version = "1.0"
    timeouts = (1, 2.5)
    pauses = (0.01, 0.01)


@pytest.fixture(autouse=True)
def no_pauses() -> Iterator[list[float]]:
    pauses: list[float] = []
    with patch("eventsite.aws_calls.time.sleep", pauses.append):
        yield pauses


def test_a_call_is_a_signed_post_of_json() -> None:
    with answering(OK) as (url, asked):
        assert Notes("eu-west-1", url, CREDENTIALS).call("Read", {"Blob": b"\x00\xff", "Text": "ä"}) == {"Fine": True}
    [(headers, body)] = asked
    assert json.loads(body) == {"Blob": "AP8=", "Text": "ä"}
    assert headers["X-Amz-Target"] == "Notes_20200101.Read"
    assert headers["Content-Type"] == "application/x-amz-json-1.0"


def test_the_signature_equals_that_of_botocore() -> None:
    with answering(OK) as (url, asked):
        Notes("eu-west-1", url, CREDENTIALS).call("Read", {"Name": "launch"})
    [(headers, body)] = asked
    named = ("Content-Type", "User-Agent", "X-Amz-Target")
    request = AWSRequest("POST", url, {name: headers[name] for name in named}, body)
    signed_at = datetime.strptime(headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    with patch("botocore.auth.get_current_datetime", lambda: signed_at):
        SigV4Auth(CREDENTIALS, "notes", "eu-west-1").add_auth(request)
    assert headers["Authorization"] == request.headers["Authorization"]
    assert headers["X-Amz-Security-Token"] == "token"


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-west-1", "https://notes.eu-west-1.amazonaws.com"),
        ("cn-north-1", "https://notes.cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", "https://notes.eusc-de-east-1.amazonaws.eu"),
        ("us-gov-west-1", "https://notes.us-gov-west-1.amazonaws.com"),
    ],
)
def test_each_region_has_its_own_url(region: str, url: str) -> None:
    assert Notes(region, None, CREDENTIALS).url == url


def test_certificates_are_those_that_botocore_trusts_and_timeouts_those_of_the_service() -> None:
    with patch("eventsite.aws_calls.Connections") as connections:
        Notes("eu-west-1", None, CREDENTIALS)
        Notes("eu-west-1", None, CREDENTIALS, ca_bundle="/own.pem")
    url = "https://notes.eu-west-1.amazonaws.com"
    assert connections.call_args_list == [call(url, (1, 2.5), certifi.where()), call(url, (1, 2.5), "/own.pem")]


@pytest.mark.parametrize(
    "passing",
    [
        (500, '{"__type": "x#InternalServerError"}', {}),
        (503, "<html>", {}),
        (429, "{}", {}),
        (400, '{"__type": "x#ThrottlingException"}', {}),
        (200, "<html>", {}),
        (200, "[]", {}),
        (200, '{"Fine": true}', {"x-amz-crc32": "1"}),
    ],
)
def test_temporary_errors_are_retried(passing: Answer, no_pauses: list[float]) -> None:
    with answering(passing, passing, OK) as (url, asked):
        assert Notes("eu-west-1", url, CREDENTIALS).call("Read", {}) == {"Fine": True}
    assert len(asked) == 3
    assert [0.005 <= pause <= 0.01 for pause in no_pauses] == [True, True]
    with answering(passing) as (url, asked), pytest.raises((ClientError, NoResponseError)):
        Notes("eu-west-1", url, CREDENTIALS).call("Read", {})
    assert len(asked) == 3


def test_a_refusal_is_not_tried_again() -> None:
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed"}]
    refusal = {"__type": "a.b#TransactionCanceledException", "Message": "no", "CancellationReasons": reasons}
    with (
        answering((400, json.dumps(refusal), {})) as (url, asked),
        pytest.raises(ClientError) as refused,
    ):
        Notes("eu-west-1", url, CREDENTIALS).call("Write", {})
    assert len(asked) == 1
    response: Any = refused.value.response
    assert response["Error"] == {"Code": "TransactionCanceledException", "Message": "no"}
    assert response["CancellationReasons"] == reasons


def test_a_response_with_the_right_checksum_is_accepted() -> None:
    with answering((200, "{}", {"x-amz-crc32": str(crc32(b"{}"))})) as (url, asked):
        assert Notes("eu-west-1", url, CREDENTIALS).call("Read", {}) == {}
    assert len(asked) == 1


def test_expired_credentials_are_renewed() -> None:
    renewed = []

    def renew() -> dict[str, str]:
        renewed.append(True)
        later = datetime.now(UTC) + timedelta(hours=6)
        return {"access_key": "new", "secret_key": "s", "token": "t", "expiry_time": later.isoformat()}

    over = datetime.now(UTC) - timedelta(minutes=1)
    credentials = RefreshableCredentials("old", "s", "t", over, renew, "test")
    with answering(OK) as (url, asked):
        service = Notes("eu-west-1", url, credentials)
        service.call("Read", {})
        service.call("Read", {})
    assert ["Credential=new/" in headers["Authorization"] for headers, _ in asked] == [True, True]
    assert len(renewed) == 1


def test_redirects_are_not_followed() -> None:
    with (
        answering(OK) as (elsewhere, asked_elsewhere),
        answering((307, "{}", {"Location": elsewhere})) as (url, asked),
        pytest.raises(ClientError),
    ):
        Notes("eu-west-1", url, CREDENTIALS).call("Read", {})
    assert (len(asked), asked_elsewhere) == (1, [])


def test_requests_are_signed_with_frozen_credentials() -> None:
    """Otherwise, a renewal between two reads could mix an old key with a new secret."""

    class Renewed(Credentials):
        def get_frozen_credentials(self) -> ReadOnlyCredentials:
            return ReadOnlyCredentials("frozen", "secret", "token")

    with answering(OK) as (url, asked):
        Notes("eu-west-1", url, Renewed("other", "secret")).call("Read", {})
    assert "Credential=frozen/" in asked[0][0]["Authorization"]


def test_error_messages_do_not_contain_invalid_headers() -> None:
    with answering(OK) as (url, _), pytest.raises(NoResponseError) as failed:
        Notes("eu-west-1", url, Credentials("id", "secret", "to\nken")).call("Read", {})
    assert "ken" not in str(failed.value)


def test_a_call_that_was_given_up_is_not_sent_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server accepts the connection, but reads only after the caller gave up."""
    monkeypatch.setattr(Notes, "timeouts", (0.5, 0.2))
    monkeypatch.setattr(Notes, "pauses", ())
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server.bind(("127.0.0.1", 0))
        server.listen()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(NoResponseError):
            Notes("eu-west-1", url, CREDENTIALS).call("Write", {"Text": "x" * 200_000})
        connection, _ = server.accept()
        received = b""
        with connection, suppress(ConnectionResetError):
            while part := connection.recv(65_536):
                received += part
        assert len(received) < 200_000


def test_an_endpoint_url_may_have_a_path() -> None:
    with answering(OK) as (url, asked):
        Notes("eu-west-1", f"{url}/base", CREDENTIALS).call("Read", {})
    assert asked[0][0][":path"] == "/base"


class TestCredentials:
    @pytest.fixture(autouse=True)
    def nothing_else(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))

    def test_from_environment_variables(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "env")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setattr(aws_calls, "Session", None)  # creating one takes 12 ms
        with answering(OK) as (url, asked):
            Notes("eu-west-1", url).call("Read", {})
        assert "Credential=env/" in asked[0][0]["Authorization"]

    def test_from_a_profile(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "credentials").write_text("[desk]\naws_access_key_id = prof\naws_secret_access_key = s\n")
        monkeypatch.setenv("AWS_PROFILE", "desk")
        with answering(OK) as (url, asked):
            Notes("eu-west-1", url).call("Read", {})
        assert "Credential=prof/" in asked[0][0]["Authorization"]

    def test_missing_credentials_can_appear_later(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with answering(OK) as (url, asked):
            service = Notes("eu-west-1", url)
            with pytest.raises(NoCredentialsError):
                service.call("Read", {})
            assert asked == []
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "env")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
            assert service.call("Read", {}) == {"Fine": True}


class TestProxy:
    @pytest.fixture(autouse=True)
    def no_other(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.lower(), raising=False)

    @pytest.mark.parametrize("scheme", ["http://", ""])  # botocore accepts a proxy without a scheme
    def test_is_used_with_its_username_and_password(self, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
        with answering(OK) as (proxy, asked):
            monkeypatch.setenv("http_proxy", f"{scheme}user:word@{proxy.removeprefix('http://')}")
            Notes("eu-west-1", "http://notes.test", CREDENTIALS).call("Read", {})
        [(headers, _)] = asked
        assert headers[":path"] == "http://notes.test/"
        assert headers["Proxy-Authorization"] == "Basic dXNlcjp3b3Jk"

    def test_is_not_used_for_hosts_in_no_proxy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with answering(OK) as (url, asked):
            Notes("eu-west-1", url, CREDENTIALS).call("Read", {})
        assert len(asked) == 1

    def test_an_unsupported_proxy_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("https_proxy", "socks5://proxy.test")
        with pytest.raises(NoResponseError):
            Notes("eu-west-1", None, CREDENTIALS).call("Read", {})


def test_an_invalid_region_is_an_error() -> None:
    with pytest.raises(NoResponseError):
        Notes("eu west\n", None, CREDENTIALS)
