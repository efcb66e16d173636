"""Settings from environment variables: defaults, checks and error messages."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

ROOT = django_settings.BASE_DIR
PRODUCTION = {"EVENTS_STAGE": "production", "SECRET_KEY": "s", "ALLOWED_HOSTS": "a.example, b.example"}


def load(**environment: str) -> dict[str, Any]:
    with patch.dict(os.environ, environment, clear=True):
        return runpy.run_path(str(ROOT / "eventsite" / "settings.py"))


def test_every_setting_has_a_local_default() -> None:
    values = load()
    assert values["DEBUG"] is True
    assert values["EVENTS_API_ACCESS"] == "open"
    assert values["EVENTS_CORS_ORIGINS"] == []
    assert values["EVENTS_DOCS_ACCESS"] == "public"
    assert values["DYNAMODB_EMBEDDED"] is True
    assert values["DYNAMODB_ENDPOINT_URL"] == "http://127.0.0.1:8100"
    assert values["DYNAMODB_LOCAL_CREDENTIALS"] is True
    assert (values["DYNAMODB_TABLE_NAME"], values["AWS_REGION"], values["PORT"]) == ("events", "us-east-1", 8000)


def test_sessions_end_after_7_days_without_use_and_30_days_after_the_sign_in() -> None:
    values = load()
    assert (values["EVENTS_SESSION_IDLE_DAYS"], values["EVENTS_SESSION_DAYS"]) == (7, 30)
    values = load(EVENTS_SESSION_IDLE_DAYS="1", EVENTS_SESSION_DAYS="1")
    assert (values["EVENTS_SESSION_IDLE_DAYS"], values["EVENTS_SESSION_DAYS"]) == (1, 1)


COOKIES = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "DEVICE_COOKIE_NAME", "MESSAGE_COOKIE_NAME", "THEME_COOKIE_NAME")
OWN_SERVER = {"DEBUG": "false", "SECRET_KEY": "s", "ALLOWED_HOSTS": "a.example"}


@pytest.mark.parametrize(
    ("environment", "protected", "stage"),
    [
        (PRODUCTION, "__Secure-", "production"),
        ({**PRODUCTION, "AWS_LAMBDA_FUNCTION_NAME": "f"}, "__Host-", "production"),
        ({**PRODUCTION, "URL_PREFIX": "/production"}, "__Secure-", "production"),
        ({**OWN_SERVER, "EVENTS_HTTPS": "true"}, "__Host-", "local"),
        ({**OWN_SERVER, "EVENTS_HTTPS": "true", "URL_PREFIX": "/desk"}, "__Secure-", "local"),
    ],
)
def test_over_tls_cookies_are_protected_by_their_names(environment: dict[str, str], protected: str, stage: str) -> None:
    """The settings of the stage have a prefix of addresses; Lambda does not read them."""
    values = load(**environment)
    assert [values[name] for name in COOKIES] == [
        *(f"{protected}events-{stage}-{kind}" for kind in ("session", "csrf", "device", "messages")),
        f"{protected}events-theme",
    ]
    assert (values["SESSION_COOKIE_SECURE"], values["CSRF_COOKIE_SECURE"]) == (True, True)
    assert values["SECURE_HSTS_SECONDS"] == 31_536_000
    assert values["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is False
    assert "SECURE_HSTS_PRELOAD" not in values
    assert values["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.mark.parametrize("environment", [{}, OWN_SERVER, {**OWN_SERVER, "EVENTS_HTTPS": "false"}])
def test_without_tls_there_is_no_promise_of_it(environment: dict[str, str]) -> None:
    values = load(**environment)
    assert [values[name] for name in COOKIES] == [
        *(f"events-local-{kind}" for kind in ("session", "csrf", "device", "messages")),
        "events-theme",
    ]
    assert (values["SESSION_COOKIE_SECURE"], values["CSRF_COOKIE_SECURE"]) == (False, False)
    assert (values["SECURE_HSTS_SECONDS"], values["SECURE_PROXY_SSL_HEADER"]) == (0, None)
    assert values["TLS_UNDECIDED"] is (environment == OWN_SERVER)


def test_hsts_covers_subdomains_on_request() -> None:
    assert load(**PRODUCTION, EVENTS_HSTS_INCLUDE_SUBDOMAINS="true")["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is True


@pytest.mark.parametrize("decided", ["", "true", "false"])
def test_a_server_warns_if_nobody_has_decided_about_tls(decided: str) -> None:
    environment = {**OWN_SERVER, "PATH": os.environ["PATH"], "EVENTS_HTTPS": decided}
    start = [sys.executable, "-c", "import eventsite.wsgi"]
    done = subprocess.run(start, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert ("WARNING eventsite.wsgi: EVENTS_HTTPS is not set" in done.stderr) is (decided == "")


def test_admins_need_a_second_step_without_debug() -> None:
    assert load()["EVENTS_SECOND_FACTOR"] == "optional"
    assert load(**PRODUCTION)["EVENTS_SECOND_FACTOR"] == "admins"
    assert load(**PRODUCTION, EVENTS_SECOND_FACTOR="everyone")["EVENTS_SECOND_FACTOR"] == "everyone"


def test_files_to_import_are_smaller_on_lambda() -> None:
    mebibyte = 1024**2
    on_lambda = load(**PRODUCTION, AWS_LAMBDA_FUNCTION_NAME="f")
    assert [values["MAX_IMPORT_BYTES"] for values in (load(), load(**PRODUCTION), on_lambda)] == [
        10 * mebibyte,
        10 * mebibyte,
        4 * mebibyte,
    ]
    assert on_lambda["MAX_IMPORT_BYTES"] * 4 / 3 < 6 * mebibyte


@pytest.mark.parametrize("place", [{"EVENTS_STAGE": "production"}, {"AWS_LAMBDA_FUNCTION_NAME": "f"}])
def test_on_aws_nothing_is_local_and_the_api_needs_keys(place: dict[str, str]) -> None:
    values = load(**place, SECRET_KEY="s", ALLOWED_HOSTS="a.example, b.example", AWS_REGION="eu-west-1")
    assert values["DEBUG"] is False
    assert values["EVENTS_API_ACCESS"] == "keyed"
    assert values["DYNAMODB_EMBEDDED"] is False
    assert values["DYNAMODB_ENDPOINT_URL"] is None
    assert values["DYNAMODB_LOCAL_CREDENTIALS"] is False
    assert values["ALLOWED_HOSTS"] == ["a.example", "b.example"]
    assert values["AWS_REGION"] == "eu-west-1"


@pytest.mark.parametrize(
    ("environment", "embedded", "endpoint", "credentials"),
    [
        ({"DYNAMODB_LOCAL_PORT": "8200"}, True, "http://127.0.0.1:8200", True),
        ({"DYNAMODB_ENDPOINT_URL": "http://other:1/"}, False, "http://other:1", True),
        ({"DYNAMODB_ENDPOINT_URL": "http://other:1", "AWS_PROFILE": "p"}, False, "http://other:1", False),
        ({"DYNAMODB_ENDPOINT_URL": "http://other:1", "AWS_ACCESS_KEY_ID": "k"}, False, "http://other:1", False),
        ({"DYNAMODB_ENDPOINT_URL": "https://vpce.example"}, False, "https://vpce.example", False),
        ({"DYNAMODB_ENDPOINT_URL": "http://vpce", **PRODUCTION}, False, "http://vpce", False),
    ],
)
def test_the_database_is_chosen_by_environment_variables(
    environment: dict[str, str], embedded: bool, endpoint: str, credentials: bool
) -> None:
    values = load(**environment)
    assert values["DYNAMODB_EMBEDDED"] is embedded
    assert values["DYNAMODB_ENDPOINT_URL"] == endpoint
    assert values["DYNAMODB_LOCAL_CREDENTIALS"] is credentials


def test_origins_are_separated_by_commas() -> None:
    values = load(EVENTS_CORS_ORIGINS="https://app.example,http://localhost:3000 , http://[::1]:3000,")
    assert values["EVENTS_CORS_ORIGINS"] == ["https://app.example", "http://localhost:3000", "http://[::1]:3000"]


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"EVENTS_STAGE": "production", "DEBUG": "true"}, "DEBUG must not be true on AWS."),
        (
            {"EVENTS_SECOND_FACTOR": "yes"},
            "EVENTS_SECOND_FACTOR must be one of optional, admins, everyone, not 'yes'.",
        ),
        ({"DEBUG": "yes"}, "DEBUG must be true or false, not 'yes'."),
        ({"PORT": "http"}, "PORT must be a port number from 1 to 65535, not 'http'."),
        ({"PORT": "65536"}, "PORT must be a port number from 1 to 65535, not '65536'."),
        (
            {"EVENTS_SESSION_IDLE_DAYS": "0"},
            "EVENTS_SESSION_IDLE_DAYS must be a number of days from 1 to 365, not '0'.",
        ),
        ({"EVENTS_SESSION_DAYS": "366"}, "EVENTS_SESSION_DAYS must be a number of days from 1 to 365, not '366'."),
        ({"EVENTS_SESSION_DAYS": "1.5"}, "EVENTS_SESSION_DAYS must be a number of days from 1 to 365, not '1.5'."),
        ({"EVENTS_SESSION_DAYS": "6"}, "EVENTS_SESSION_IDLE_DAYS must not be more than EVENTS_SESSION_DAYS."),
        ({"DYNAMODB_LOCAL_PORT": "0"}, "DYNAMODB_LOCAL_PORT must be a port number from 1 to 65535, not '0'."),
        (
            {"EVENTS_TIME_ZONE": "Mars/Base"},
            "EVENTS_TIME_ZONE must be a time zone such as Europe/Berlin, not 'Mars/Base'.",
        ),
        ({"EVENTS_API_ACCESS": "all"}, "EVENTS_API_ACCESS must be one of open, read-open, keyed, not 'all'."),
        ({"EVENTS_DOCS_ACCESS": "staff"}, "EVENTS_DOCS_ACCESS must be one of public, signed-in, not 'staff'."),
        *[
            (
                {"EVENTS_CORS_ORIGINS": f"https://a.example, {origin}"},
                f"EVENTS_CORS_ORIGINS must list origins such as https://app.example.org, not '{origin}'.",
            )
            for origin in ("*", "null", "app.example", "https://a.example/", "https://A.example", "https://a.example:x")
        ],
        ({"DYNAMODB_ENDPOINT_URL": "x:1"}, "DYNAMODB_ENDPOINT_URL must be an http or https address, not 'x:1'."),
        ({"DYNAMODB_ENDPOINT_URL": "http://x:y"}, "DYNAMODB_ENDPOINT_URL must be an http or https address, not"),
        *[
            (
                {"URL_PREFIX": prefix},
                f"URL_PREFIX must be empty or like /production, and no page's address, not '{prefix}'.",
            )
            for prefix in (
                "production",
                "/a b",
                "/é",
                "//a",
                "/staff",
                "/events/x",
                "/changes",
                "/static",
                "/healthz",
                "/a//b",
                "/a?b",
            )
        ],
        ({"DEBUG": "false"}, "SECRET_KEY, or SECRET_KEY_PARAMETER, must be set when DEBUG is false."),
        ({"EVENTS_STAGE": "nowhere"}, "zappa_settings.json has no stage nowhere; it has dev, production."),
        ({"AWS_LAMBDA_FUNCTION_NAME": "f"}, "SECRET_KEY, or SECRET_KEY_PARAMETER, must be set when DEBUG is false."),
        (
            {"DEBUG": "false", "SECRET_KEY_PARAMETER": "/p", "AWS_ENDPOINT_URL_SSM": "nonsense"},
            "AWS_ENDPOINT_URL_SSM must be an http or https address, not 'nonsense'.",
        ),
        ({"DEBUG": "false", "SECRET_KEY": "s"}, "ALLOWED_HOSTS must list the site's hosts, comma-separated, when"),
    ],
)
def test_error_messages_say_what_is_wrong(environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=re.escape(sentence)):
        load(**environment)


@pytest.mark.parametrize("prefix", ["/production", "/eventsite", "/a/b", "/production/"])
def test_a_url_prefix_applies_to_addresses_and_cookies(prefix: str) -> None:
    values = load(URL_PREFIX=prefix)
    prefix = prefix.rstrip("/")
    assert (values["FORCE_SCRIPT_NAME"], values["STATIC_URL"]) == (prefix, f"{prefix}/static/")
    assert (values["SESSION_COOKIE_PATH"], values["CSRF_COOKIE_PATH"]) == (prefix, prefix)
    values = load()
    assert (values["FORCE_SCRIPT_NAME"], values["STATIC_URL"], values["SESSION_COOKIE_PATH"]) == (None, "/static/", "/")


def test_tables_are_named_after_the_stage() -> None:
    assert load(**PRODUCTION)["DYNAMODB_TABLE_NAME"] == "events-production"
    assert load(**PRODUCTION, DYNAMODB_TABLE_NAME="other")["DYNAMODB_TABLE_NAME"] == "other"


def test_earlier_secret_keys_are_accepted() -> None:
    assert load(SECRET_KEY="new", SECRET_KEY_FALLBACKS="old, older")["SECRET_KEY_FALLBACKS"] == ["old", "older"]


STAGES = {
    "test": {
        "aws_region": "eu-central-1",
        "aws_environment_variables": {"SECRET_KEY": "s", "ALLOWED_HOSTS": "a.example", "URL_PREFIX": "/test"},
    }
}


def load_with_stages(described: str, **environment: str) -> dict[str, Any]:
    """The settings beside another zappa_settings.json."""
    with patch.object(Path, "read_text", lambda path, encoding: described):
        return load(**environment)


def test_environment_variables_override_the_settings_of_a_stage() -> None:
    values = load_with_stages(
        json.dumps(STAGES), EVENTS_STAGE="test", ALLOWED_HOSTS="b.example", AWS_REGION="us-west-2"
    )
    assert (values["AWS_REGION"], values["URL_PREFIX"]) == ("eu-central-1", "/test")
    assert values["ALLOWED_HOSTS"] == ["b.example"]
    assert values["DYNAMODB_TABLE_NAME"] == "events-test"


def test_in_lambda_the_stage_file_is_not_read() -> None:
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        load_with_stages(json.dumps(STAGES), EVENTS_STAGE="test", AWS_LAMBDA_FUNCTION_NAME="events-test")


def test_an_invalid_stage_file_is_an_error() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^zappa_settings\.json is not valid JSON: "):
        load_with_stages("{", EVENTS_STAGE="test")


def test_the_command_line_prints_errors_without_a_traceback() -> None:
    environment = {"PATH": os.environ["PATH"], "PORT": "x"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Settings: PORT must be a port number from 1 to 65535, not 'x'.\n"


def test_the_documentation_names_every_setting() -> None:
    source = (ROOT / "eventsite" / "settings.py").read_text()
    read = set(re.findall(r'_environment\.\w+\(\s*"([A-Z_]+)"', source))
    documented = (ROOT / "docs" / "settings.md").read_text()
    assert len(read) > 10
    assert {name for name in read if f"`{name}`" not in documented} == set()


def test_nothing_else_reads_the_environment() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for package in ("eventsite", "events")
        for path in Path(ROOT / package).rglob("*.py")
        if re.search(r"os\.environ|getenv", path.read_text())
    }
    # wsgi.py and manage.py only say which module the settings are; so does lambda_handler.py, and what pydantic leaves.
    # The others start other processes, and pass the environment on. install.py runs before Django is there.
    passed_on = {"eventsite/deployment/steps.py", "eventsite/deployment/zappa.py", "eventsite/engine/install.py"}
    assert readers - passed_on == {
        "eventsite/settings.py",
        "eventsite/wsgi.py",
        "eventsite/lambda_handler.py",
    }
