"""The credentials of `aws login`: botocore needs awscrt for them, which is installed to deploy and is not packaged."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from botocore.session import get_session

SESSION = "arn:aws:iam::123456789012:user/ada"


def test_commands_use_the_credentials_of_aws_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "config").write_text(f"[profile desk]\nlogin_session = {SESSION}\n")
    token = {
        "accessKeyId": "id",
        "secretAccessKey": "secret",
        "sessionToken": "token",
        "accountId": "123456789012",
        "expiresAt": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
    }
    saved = {"accessToken": token, "clientId": "c", "refreshToken": "r", "dpopKey": "k"}
    (tmp_path / f"{sha256(SESSION.encode()).hexdigest()}.json").write_text(json.dumps(saved))
    monkeypatch.setenv("AWS_PROFILE", "desk")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_LOGIN_CACHE_DIRECTORY", str(tmp_path))
    found = get_session().get_credentials()
    assert found
    assert (found.method, found.access_key, found.token) == ("login", "id", "token")


def test_awscrt_is_not_packaged() -> None:
    lines = Path(__file__).parents[2].joinpath("requirements.txt").read_text().splitlines()
    assert not [line for line in lines if line.startswith("awscrt")]
