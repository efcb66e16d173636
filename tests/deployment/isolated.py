"""Runs the unpacked function in a process that can import only the package and Python itself."""

from __future__ import annotations

import base64
import gzip
import json
import platform
import subprocess
from dataclasses import dataclass
from email.message import Message
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, Self

import brotli

_CHILD = Path(__file__).with_name("isolated_child.py")
# Of this machine, which runs the function here.
ARCHITECTURE = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
SECRET_KEY = "a key that only this test uses " * 2


@dataclass(frozen=True)
class Reply:
    """The function's response, read as API Gateway reads it."""

    response: Any
    milliseconds: float
    log: list[str]

    @property
    def status(self) -> int:
        return int(self.response["statusCode"])

    @property
    def headers(self) -> Message:
        headers = Message()
        for name, values in self.response.get("multiValueHeaders", {}).items():
            for value in values:
                headers[name] = value
        for name, value in (self.response.get("headers") or {}).items():
            headers[name] = value
        for cookie in self.response.get("cookies", []):
            headers["Set-Cookie"] = cookie
        return headers

    @property
    def body(self) -> bytes:
        text: str = self.response["body"]
        body = base64.b64decode(text) if self.response["isBase64Encoded"] else text.encode()
        coding = self.headers.get("Content-Encoding")
        if coding == "br":
            return bytes(brotli.decompress(body))
        return gzip.decompress(body) if coding == "gzip" else body

    @property
    def content(self) -> bytes:
        """The name that Django's responses use, for helpers that read pages."""
        return self.body

    def json(self) -> Any:
        return json.loads(self.body)

    def cookies(self) -> SimpleCookie:
        jar = SimpleCookie()
        for value in self.headers.get_all("Set-Cookie", []):
            jar.load(value)
        return jar


class Isolated:
    """Runs inside `with`. `call` invokes the function."""

    def __init__(self, folder: Path, python: str, dynamodb: str, prefix: str) -> None:
        self.prefix = prefix
        environment = {
            "AWS_LAMBDA_FUNCTION_NAME": "events-dev",
            "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "EVENTS_STAGE": "dev",
            "DYNAMODB_TABLE_NAME": "events",  # the tables that tests read
            "DYNAMODB_ENDPOINT_URL": dynamodb,
            "SECRET_KEY": SECRET_KEY,
            "ALLOWED_HOSTS": "testserver",
            "URL_PREFIX": prefix,
            "EVENTS_API_ACCESS": "open",
            "EVENTS_SECOND_FACTOR": "optional",
            "PRELOAD_PAGES": "false" if prefix else "true",  # so that both values are tested
        }
        command = [python, "-S", "-I", "-W", "error", str(_CHILD), str(folder)]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/"
        )

    def __enter__(self) -> Self:
        self.init_milliseconds = self._read().milliseconds
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()

    def call(self, event: Any) -> Reply:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(event) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Reply:
        assert self._process.stdout
        log: list[str] = []
        for line in self._process.stdout:
            if line.startswith("RESPONSE "):
                result = json.loads(line.removeprefix("RESPONSE "))
                return Reply(result["response"], result["milliseconds"], log)
            log.append(line.rstrip("\n"))
        raise AssertionError(f"The function ended: {log}")
