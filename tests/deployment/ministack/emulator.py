"""An AWS emulator that enforces roles, and a copy of the project that is deployed to it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import requests
from botocore.session import get_session
from django.conf import settings

from eventsite.engine.process import free_port
from tests.deployment.isolated import ARCHITECTURE
from tests.support.page_reader import fields

REGION = "eu-west-1"
_PROGRAM = Path(settings.BASE_DIR, ".venv/ministack/bin/python")
_RECORDER = Path(__file__).with_name("recorder.py")
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
_PROJECT = ("eventsite", "events", "templates", "manage.py", "requirements.txt", "zappa_settings.json")
_SECONDS_TO_START = 60


class Ministack:
    """Runs inside `with`. Its functions inherit its environment, so that is almost empty."""

    def __init__(self, folder: Path, shared_folder: Path) -> None:
        """`shared_folder`: where deploys of this run keep what their packages have in common."""
        assert _PROGRAM.exists(), "`make test-deployment` installs ministack."
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder, self.shared_folder = folder, shared_folder
        self.waiters = _quick_waiters(folder / "waiters")
        self._decisions = folder / "decisions.jsonl"
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "LAMBDA_EXECUTOR": "local",
            "MINISTACK_HOST": f"{REGION}.amazonaws.com",  # so that APIs have the same addresses as on AWS
            "MINISTACK_REGION": REGION,
        }
        with (folder / "ministack.log").open("w") as log:
            self._process = subprocess.Popen(
                [_PROGRAM, "-P", _RECORDER, self._decisions],
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def __enter__(self) -> Self:
        deadline = time.monotonic() + _SECONDS_TO_START
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                requests.get(f"{self.url}/_ministack/health", timeout=2)
            except requests.ConnectionError:
                time.sleep(0.2)
            else:
                return self
        raise AssertionError((self.folder / "ministack.log").read_text())

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def client(self, service: str, credentials: dict[str, str] = _CREDENTIALS) -> Any:
        return get_session().create_client(
            service,
            REGION,
            endpoint_url=self.url,
            aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        )

    def credentials_with_the_policy_of(self, role: str) -> dict[str, str]:
        """Of a new user with the role's own policy, because only AWS's services may use the role."""
        policy = self.client("iam").get_role_policy(RoleName=role, PolicyName="function")["PolicyDocument"]
        return self.credentials_of_user(f"as-{role}", policy)

    def credentials_of_user(self, name: str, policy: Any) -> dict[str, str]:
        """Of a new user with this policy.

        The emulator compares the ARN of a log group without the ":*" that AWS's ARN ends with.
        """
        iam = self.client("iam")
        iam.create_user(UserName=name)
        document = json.dumps(policy).replace(':*"', '*"')
        iam.put_user_policy(UserName=name, PolicyName="policy", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    def decisions_about(self, credentials: dict[str, str]) -> list[tuple[str, str, bool]]:
        """Each request of these credentials: its action, its resource, and whether it was allowed."""
        lines = [json.loads(line) for line in self._decisions.read_text().splitlines()]
        return [(action, arn, ok) for key, action, arn, ok in lines if key == credentials["AWS_ACCESS_KEY_ID"]]


def _quick_waiters(folder: Path) -> Path:
    """Zappa uses botocore's waiters, which ask every five seconds. The emulator is ready after half a second."""
    loader, name = get_session().get_component("data_loader"), ("lambda", "waiters-2")
    described = loader.load_service_model(*name)
    for waiter in described["waiters"].values():
        waiter |= {"delay": 0.2, "maxAttempts": 300}
    file = folder / "lambda" / loader.determine_latest_version(*name) / "waiters-2.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(described))
    return folder


class Project:
    """A copy of the project, whose commands use the emulator."""

    def __init__(self, folder: Path, ministack: Ministack) -> None:
        self.folder = folder
        self.ministack = ministack
        self.credentials = _CREDENTIALS
        for name in _PROJECT:
            source = Path(settings.BASE_DIR, name)
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(source, folder / name)
        self._select_this_machine()

    def manage(self, *arguments: str, stage: str = "", typed: str = "") -> subprocess.CompletedProcess[str]:
        """Runs manage.py, with EVENTS_STAGE if a stage is given."""
        script = [str(Path(__file__).with_name("manage.py"))]
        return self._run([sys.executable, *script, *arguments], typed, {"EVENTS_STAGE": stage} if stage else {})

    def zappa(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run([str(Path(sys.executable).with_name("zappa")), *arguments], "", {})

    def _run(self, command: list[str], typed: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "EVENTS_", "DJANGO_"))
        }
        aws = {"AWS_ENDPOINT_URL": self.ministack.url, **self.credentials}
        shared = {"SHARED_FOLDER": str(self.ministack.shared_folder), "AWS_DATA_PATH": str(self.ministack.waiters)}
        return subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            input=typed,
            cwd=self.folder,
            env={**kept, **aws, **shared, **environment},
        )

    def _select_this_machine(self) -> None:
        """The emulator runs functions with its own Python."""
        path = self.folder / "zappa_settings.json"
        described = json.loads(path.read_text())
        print_version = "import sys; print('python{}.{}'.format(*sys.version_info))"
        found = subprocess.run(
            [_PROGRAM.with_name("python"), "-c", print_version], check=True, capture_output=True, text=True
        )
        for stage in described.values():
            stage |= {"runtime": found.stdout.strip(), "architecture": ARCHITECTURE}
        path.write_text(json.dumps(described))

    def set_variable(self, stage: str, name: str, value: str) -> None:
        """Sets an environment variable in zappa_settings.json."""
        path = self.folder / "zappa_settings.json"
        described = json.loads(path.read_text())
        described[stage]["aws_environment_variables"][name] = value
        path.write_text(json.dumps(described))


class Browser:
    """An HTTP client that keeps cookies, for an address of API Gateway. It does not follow redirects."""

    def __init__(self, ministack: Ministack, address: str) -> None:
        found = re.fullmatch(r"http://([^/]+)(/\w+)", address)
        assert found, address
        self.host, self.prefix = found[1], found[2]
        self._url = ministack.url
        self.cookies: dict[str, str] = {}

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """Sends a request as an API client does."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._request(method, path, json.dumps(body).encode() if body is not None else None, named)

    def get(self, path: str) -> requests.Response:
        return self._request("GET", path, None, {"Accept": "text/html"})

    def post(self, path: str, form: dict[str, str]) -> requests.Response:
        """Sends the form of the page at the same path, with these changes and its CSRF token."""
        page = self.get(path)
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        token = {"csrfmiddlewaretoken": found[1]} if found else {}
        headers = {
            "Accept": "text/html",
            "Content-Type": "application/x-www-form-urlencoded",
            "Referer": f"https://{self.host}{self.prefix}{path}",
            "Origin": f"https://{self.host}",
        }
        return self._request("POST", path, urlencode({**fields(page), **form, **token}).encode(), headers)

    def _request(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> requests.Response:
        path = path if path.startswith(f"{self.prefix}/") else self.prefix + path
        sent = {"Host": self.host, "X-Forwarded-Proto": "https", **headers}  # API Gateway always says https
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        response = requests.request(
            method, self._url + path, data=body, headers=sent, allow_redirects=False, timeout=60
        )
        for cookie in response.raw.headers.getlist("Set-Cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response
