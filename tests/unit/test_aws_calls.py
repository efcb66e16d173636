"""Calls of AWS services: signatures, retries, credentials, proxies."""

from __future__ import annotations

import json
import math
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import call, patch
from zlib import crc32

import certifi
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, ReadOnlyCredentials, RefreshableCredentials
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.session import get_session

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


def test_the_urls_of_all_partitions_are_those_of_botocore() -> None:
    partitions = get_session().get_component("data_loader").load_data("partitions")["partitions"]
    assert len(partitions) >= 8
    for partition in partitions:
        for region in partition["regions"]:
            if not region.endswith("-global"):
                suffix = partition["outputs"]["dnsSuffix"]
                assert Notes(region, None, CREDENTIALS).url == f"https://notes.{region}.{suffix}"


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


class Clock:
    """Time passes only in pauses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(aws_calls, "time", SimpleNamespace(monotonic=lambda: self.now, sleep=self.pause))

    def pause(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_a_transaction_in_progress_is_tried_again_after_five_seconds(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    """DynamoDB completes it only then. The limit for the whole call, 8.5 seconds, still holds."""
    monkeypatch.setattr(Notes, "pauses", (0.2, 0.8))
    in_progress: Answer = (400, '{"__type": "x#TransactionInProgressException"}', {})
    with answering(in_progress) as (url, asked), pytest.raises(ClientError):
        Notes("eu-west-1", url, CREDENTIALS).call("Write", {})
    assert 105 <= clock.now <= 105.8
    assert 7 <= len(asked) <= 14
    clock.now = 100
    with answering(*[in_progress] * 5, OK) as (url, asked):
        assert Notes("eu-west-1", url, CREDENTIALS).call("Write", {}) == {"Fine": True}
    clock.now = 100
    with answering((400, '{"__type": "x#ThrottlingException"}', {})) as (url, asked), pytest.raises(ClientError):
        Notes("eu-west-1", url, CREDENTIALS).call("Write", {})
    assert len(asked) == 3


def test_no_attempt_begins_that_may_end_after_the_deadline(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(Notes, "pauses", (2, 2))
    failing: Answer = (500, "{}", {})
    try:
        aws_calls.finish_by(clock.now + 6)  # an attempt may take 3.5 seconds
        with answering(failing) as (url, asked), pytest.raises(ClientError):
            Notes("eu-west-1", url, CREDENTIALS).call("Read", {})
        assert len(asked) == 2
        clock.now = 103
        with answering(OK) as (url, asked), pytest.raises(NoResponseError, match="no time is left for this call"):
            Notes("eu-west-1", url, CREDENTIALS).call("Read", {})
        assert asked == []
    finally:
        aws_calls.finish_by(math.inf)
    with answering(OK) as (url, asked):
        Notes("eu-west-1", url, CREDENTIALS).call("Read", {})


@pytest.mark.parametrize("name", ["ThrottlingReasons", "throttlingReasons"])
def test_the_log_says_what_was_throttled_and_the_id_of_the_request(name: str) -> None:
    reason = {
        "reason": "IndexWriteKeyRangeThroughputExceeded",
        "resource": "arn:aws:dynamodb:eu-west-1:123456789012:table/events/index/by-date",
    }
    refusal = json.dumps({"__type": "x#ThrottlingException", "message": "slow", name: [reason]})
    with (
        answering((400, refusal, {"x-amzn-RequestId": "R4ND0M"})) as (url, _),
        pytest.raises(ClientError) as raised,
    ):
        Notes("eu-west-1", url, CREDENTIALS).call("Write", {"Secret": "of the request"})
    assert aws_calls.describe(raised.value) == (
        "An error occurred (ThrottlingException) when calling the Write operation: slow "
        "(table/events/index/by-date: IndexWriteKeyRangeThroughputExceeded, AWS request ID R4ND0M)"
    )


@pytest.mark.parametrize("reasons", ["null", '"x"', "[1]"])
def test_reasons_of_another_form_are_ignored(reasons: str) -> None:
    refusal = f'{{"__type": "x#Refused", "message": "no", "ThrottlingReasons": {reasons}}}'
    with answering((400, refusal, {})) as (url, _), pytest.raises(ClientError) as raised:
        Notes("eu-west-1", url, CREDENTIALS).call("Write", {})
    assert aws_calls.describe(raised.value) == str(raised.value)


def test_after_a_restore_connections_and_credentials_are_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_calls, "_find_credentials", lambda: Credentials("found", "secret"))
    with answering(OK) as (url, asked):
        service, given = Notes("eu-west-1", url), Notes("eu-west-1", url, CREDENTIALS)
        for each in (service, given):
            each.call("Read", {})
        monkeypatch.setattr(aws_calls, "_find_credentials", lambda: Credentials("new", "secret"))
        aws_calls.forget_connections()
        for each in (service, given):
            assert not each._connections._idle  # type: ignore[union-attr]  # noqa: SLF001
            each.call("Read", {})
    found = [headers["Authorization"].partition("Credential=")[2].partition("/")[0] for headers, _ in asked]
    assert found == ["found", "id", "new", "id"]


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
