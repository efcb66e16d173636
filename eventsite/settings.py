"""Every setting, read from the environment here and nowhere else; the README lists them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
_environment: Mapping[str, str] = os.environ


def _flag(name: str, default: bool) -> bool:
    value = _environment.get(name, "").strip().lower()
    if value not in ("", "true", "false", "1", "0"):
        raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")
    return value in ("true", "1") if value else default


def _port(name: str, default: int) -> int:
    value = _environment.get(name, "") or str(default)
    if not (value.isascii() and value.isdecimal() and 0 < int(value) < 65536):
        raise ImproperlyConfigured(f"{name} must be a port number from 1 to 65535, not {value!r}.")
    return int(value)


def _choice(name: str, choices: tuple[str, ...], default: str) -> str:
    value = _environment.get(name, "") or default
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
    return value


def _url(name: str) -> str | None:
    value = _environment.get(name, "").rstrip("/") or None
    try:
        address = urlsplit(value or "http://unset")
        valid = address.scheme in ("http", "https") and address.hostname and address.port != 0
    except ValueError:  # no number for a port
        valid = False
    if not valid:
        raise ImproperlyConfigured(f"{name} must be an http or https address, not {value!r}.")
    return value


# Where this runs: on AWS (in Lambda, or with a stage named), or on somebody's own machine.
EVENTS_STAGE = _environment.get("EVENTS_STAGE", "")
ON_LAMBDA = "AWS_LAMBDA_FUNCTION_NAME" in _environment
ON_AWS = bool(EVENTS_STAGE) or ON_LAMBDA

DEBUG = _flag("DEBUG", default=not ON_AWS)
if DEBUG and ON_AWS:
    raise ImproperlyConfigured("DEBUG must not be true on AWS.")
PORT = _port("PORT", 8000)

SECRET_KEY = _environment.get("SECRET_KEY", "") or ("for-this-machine-only-" * 3 if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY must be set when DEBUG is false.")
ALLOWED_HOSTS = [host.strip() for host in _environment.get("ALLOWED_HOSTS", "").split(",") if host.strip()]
if not (DEBUG or ALLOWED_HOSTS):
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the site's hosts, comma-separated, when DEBUG is false.")

# Who may call /events: anyone; anyone to read, a key to write; a key for everything.
EVENTS_API_ACCESS = _choice("EVENTS_API_ACCESS", ("open", "read-open", "keyed"), "open" if DEBUG else "keyed")

# Storage. Off AWS and with no endpoint named, it is the embedded engine, started when something needs it.
AWS_REGION = _environment.get("AWS_REGION") or _environment.get("AWS_DEFAULT_REGION") or "us-east-1"
DYNAMODB_TABLE_NAME = _environment.get("DYNAMODB_TABLE_NAME", "") or "events"
DYNAMODB_LOCAL_PORT = _port("DYNAMODB_LOCAL_PORT", 8100)
DYNAMODB_LOCAL_HOME = _environment.get("DYNAMODB_LOCAL_HOME") or None
DYNAMODB_LOCAL_DIRECTORY = BASE_DIR / ".dynamodb"
DYNAMODB_ENDPOINT_URL = _url("DYNAMODB_ENDPOINT_URL")
DYNAMODB_EMBEDDED = DYNAMODB_ENDPOINT_URL is None and not ON_AWS
if DYNAMODB_EMBEDDED:
    DYNAMODB_ENDPOINT_URL = f"http://127.0.0.1:{DYNAMODB_LOCAL_PORT}"
# An engine on plain http takes any key, but botocore wants one to sign with.
_has_credentials = any(_environment.get(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE"))
DYNAMODB_LOCAL_CREDENTIALS = DYNAMODB_EMBEDDED or (
    not ON_AWS and not _has_credentials and (DYNAMODB_ENDPOINT_URL or "").startswith("http://")
)

INSTALLED_APPS = ["eventsite", "events", "ninja", "corsheaders", "django.contrib.staticfiles"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "eventsite.middleware.keep_to_http",
    "corsheaders.middleware.CorsMiddleware",
    "eventsite.middleware.refuse_unmeasured",
    "eventsite.middleware.CompressionMiddleware",
    "eventsite.middleware.errors_as_json",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.common.CommonMiddleware",
]
ROOT_URLCONF = "eventsite.urls"
WSGI_APPLICATION = "eventsite.wsgi.application"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES: dict[str, dict[str, str]] = {}
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
APPEND_SLASH = False
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
# Without collected files (a working copy), they are served from the packages that ship them.
WHITENOISE_USE_FINDERS = not STATIC_ROOT.is_dir()
WHITENOISE_ALLOW_ALL_ORIGINS = False

# Holds the largest valid event, even with every character of it written as a JSON escape.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

CORS_ALLOW_ALL_ORIGINS = True
CORS_URLS_REGEX = r"^/(events(/.*)?|docs|openapi\.json|healthz)$"
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "idempotency-key", "if-match", "if-none-match"]
CORS_ALLOW_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]
CORS_EXPOSE_HEADERS = ["Allow", "ETag", "Link", "Location", "Retry-After", "WWW-Authenticate"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # A client's mistake is the client's news.
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "eventsite.engine": {"level": "INFO"},
        "urllib3.connectionpool": {"level": "ERROR"},  # more than 50 calls at once are slower, not wrong
    },
}
