"""Every setting, read from the environment here and nowhere else. docs/settings.md lists them."""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from eventsite.environment import Environment

BASE_DIR = Path(__file__).resolve().parent.parent

# On AWS (in Lambda, or with a stage), or on a developer's machine.
EVENTS_STAGE = os.environ.get("EVENTS_STAGE", "")
ON_LAMBDA = "AWS_LAMBDA_FUNCTION_NAME" in os.environ
ON_SNAP_START = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start"
ON_AWS = bool(EVENTS_STAGE) or ON_LAMBDA

_values: Mapping[str, str] = os.environ
if EVENTS_STAGE and not ON_LAMBDA:
    # A command that runs elsewhere for a stage: Zappa gives only the function its environment.
    from eventsite import zappa_stages

    try:
        _stage = zappa_stages.read_stage_settings(BASE_DIR, EVENTS_STAGE)
    except FileNotFoundError:
        _stage = {}
    except ValueError as error:
        raise ImproperlyConfigured(str(error)) from None
    _region = {"AWS_REGION": _stage["aws_region"]} if "aws_region" in _stage else {}
    _values = ChainMap(_region, dict(os.environ), _stage.get(zappa_stages.ENVIRONMENT, {}))
_environment = Environment(_values)

DEBUG = _environment.flag("DEBUG", default=not ON_AWS)
if DEBUG and ON_AWS:
    raise ImproperlyConfigured("DEBUG must not be true on AWS.")
PORT = _environment.number("PORT", "port number", 65535) or 8000

AWS_CA_BUNDLE = _environment.text("AWS_CA_BUNDLE") or None
AWS_REGION = _environment.text("AWS_REGION") or _environment.text("AWS_DEFAULT_REGION") or "us-east-1"

# The key that signs, and earlier keys whose signatures are still valid. If the Parameter Store has them, wsgi.py reads
# them at start, so that commands do not call AWS.
SECRET_KEY = _environment.text("SECRET_KEY") or ("for-this-machine-only-" * 3 if DEBUG else "")
SECRET_KEY_FALLBACKS = _environment.names("SECRET_KEY_FALLBACKS")
SECRET_KEY_PARAMETER = "" if SECRET_KEY else _environment.text("SECRET_KEY_PARAMETER")
SSM_ENDPOINT_URL = (
    (_environment.url("AWS_ENDPOINT_URL_SSM") or _environment.url("AWS_ENDPOINT_URL")) if SECRET_KEY_PARAMETER else None
)
if not (SECRET_KEY or SECRET_KEY_PARAMETER):
    raise ImproperlyConfigured("SECRET_KEY, or SECRET_KEY_PARAMETER, must be set when DEBUG is false.")
ALLOWED_HOSTS = _environment.names("ALLOWED_HOSTS")
if not (DEBUG or ALLOWED_HOSTS):
    raise ImproperlyConfigured("ALLOWED_HOSTS must list the site's hosts, comma-separated, when DEBUG is false.")

# Whether people reach the site over TLS. On AWS, always; elsewhere, a proxy in front of the site must provide it.
EVENTS_HTTPS = ON_AWS or _environment.flag("EVENTS_HTTPS", default=False)
TLS_UNDECIDED = not (DEBUG or ON_AWS or _environment.text("EVENTS_HTTPS"))  # wsgi.py warns

# Whether a Lambda function loads the staff pages in its init phase, when it has more CPU than later.
PRELOAD_PAGES = _environment.flag("PRELOAD_PAGES", default=False)

# The prefix of every address: the stage on API Gateway's own domain, nothing on another domain.
URL_PREFIX = _environment.prefix("URL_PREFIX")
FORCE_SCRIPT_NAME = URL_PREFIX or None

# Who may call /events: anyone; anyone to read, but writes need a key; or every call needs a key.
EVENTS_API_ACCESS = _environment.choice(
    "EVENTS_API_ACCESS", ("open", "read-open", "keyed"), "open" if DEBUG else "keyed"
)

# Who may read /docs and /openapi.json: anyone; or signed-in staff, and applications with an API key.
EVENTS_DOCS_ACCESS = _environment.choice("EVENTS_DOCS_ACCESS", ("public", "signed-in"), "public")

# With "open" access, pages from these origins may write; pages from other origins may only read.
EVENTS_CORS_ORIGINS = _environment.origins("EVENTS_CORS_ORIGINS")

# Storage. Outside AWS, without an endpoint, it is the embedded DynamoDB Local, started when needed.
DYNAMODB_TABLE_NAME = _environment.text("DYNAMODB_TABLE_NAME") or (
    f"events-{EVENTS_STAGE}" if EVENTS_STAGE else "events"
)
DYNAMODB_LOCAL_PORT = _environment.number("DYNAMODB_LOCAL_PORT", "port number", 65535)
DYNAMODB_DEFAULT_PORT = 8100  # if it is free, and only for an engine of this folder
DYNAMODB_LOCAL_HOME = _environment.text("DYNAMODB_LOCAL_HOME") or None
DYNAMODB_LOCAL_DIRECTORY = BASE_DIR / ".dynamodb"
DYNAMODB_ENDPOINT_URL = _environment.url("DYNAMODB_ENDPOINT_URL")
if DYNAMODB_ENDPOINT_URL is None and ON_AWS:
    DYNAMODB_ENDPOINT_URL = _environment.url("AWS_ENDPOINT_URL_DYNAMODB") or _environment.url("AWS_ENDPOINT_URL")
DYNAMODB_EMBEDDED = DYNAMODB_ENDPOINT_URL is None and not ON_AWS
if DYNAMODB_EMBEDDED:
    DYNAMODB_ENDPOINT_URL = f"http://127.0.0.1:{DYNAMODB_LOCAL_PORT or DYNAMODB_DEFAULT_PORT}"
# DynamoDB Local accepts any key, but botocore needs one to sign.
_has_credentials = any(_environment.text(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE"))
DYNAMODB_LOCAL_CREDENTIALS = DYNAMODB_EMBEDDED or (
    not ON_AWS and not _has_credentials and (DYNAMODB_ENDPOINT_URL or "").startswith("http://")
)

# For staff: which day is "today", and the times in the history.
TIME_ZONE = _environment.time_zone("EVENTS_TIME_ZONE", "UTC")

# `auth` and `contenttypes` have no tables: the staff model replaces their user model.
INSTALLED_APPS = [
    "eventsite",
    "eventsite.accounts",
    "events",
    "ninja",
    "corsheaders",
    "django_htmx",
    "eventsite.accounts.apps.InertAuth",
    "eventsite.accounts.apps.InertContentTypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
# eventsite.accounts.roles adds what only staff pages need: sessions, CSRF, the signed-in user.
MIDDLEWARE = [
    "eventsite.middleware.observe",
    "django.middleware.security.SecurityMiddleware",
    "eventsite.middleware.follow_http",
    "eventsite.middleware.CorsMiddleware",
    "eventsite.middleware.require_https",
    "eventsite.middleware.limit_bodies",
    "eventsite.middleware.CompressionMiddleware",
    "eventsite.middleware.check_conditions_of_reads",
    "eventsite.middleware.secure_pages",
    "eventsite.middleware.errors_as_json",
    "eventsite.middleware.static_files",
    "django.middleware.common.CommonMiddleware",
    "eventsite.middleware.PageErrorsMiddleware",
]
ROOT_URLCONF = "eventsite.urls"
WSGI_APPLICATION = "eventsite.wsgi.application"
COMPILED_TEMPLATES = BASE_DIR / "compiled_templates"  # only in the package
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "environment": "events.pages.environment.environment",
            "context_processors": [
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "eventsite.csrf.one_csrf_input",
                "eventsite.theme.theme",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.Jinja2"
DATABASES: dict[str, dict[str, str]] = {}
USE_TZ = True
USE_I18N = False
APPEND_SLASH = False

# Staff: accounts, passwords, sessions and their cookies. accounts/lockout.py limits sign-in attempts.
AUTH_USER_MODEL = "accounts.Staff"
AUTHENTICATION_BACKENDS = ["eventsite.accounts.backend.StaffBackend"]
PASSWORD_HASHERS = ["eventsite.accounts.passwords.PasswordHasher"]
MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH = 10, 128
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": MIN_PASSWORD_LENGTH},
    },
    {"NAME": "eventsite.accounts.password_rules.MaximumLengthValidator"},
    {"NAME": "eventsite.accounts.password_rules.GuessablePasswordValidator"},
]
# Who must sign in in two steps. People who have not set it up yet do so after their next sign-in.
EVENTS_SECOND_FACTOR = _environment.choice(
    "EVENTS_SECOND_FACTOR", ("optional", "admins", "everyone"), "optional" if DEBUG else "admins"
)
SESSION_ENGINE = "eventsite.accounts.sessions"
# A session ends when it has not been used for the idle days, or this long after the sign-in.
EVENTS_SESSION_IDLE_DAYS = _environment.number("EVENTS_SESSION_IDLE_DAYS", "number of days", 365) or 7
EVENTS_SESSION_DAYS = _environment.number("EVENTS_SESSION_DAYS", "number of days", 365) or 30
if EVENTS_SESSION_IDLE_DAYS > EVENTS_SESSION_DAYS:
    raise ImproperlyConfigured("EVENTS_SESSION_IDLE_DAYS must not be more than EVENTS_SESSION_DAYS.")
# Stages may share a host, so the cookies of each have their own names and paths. Browsers accept the names of TLS only
# from this host and only encrypted: "__Host-" for the path "/", "__Secure-" for others.
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = URL_PREFIX or "/"
_protected = ("__Secure-" if URL_PREFIX else "__Host-") if EVENTS_HTTPS else ""
SESSION_COOKIE_NAME = f"{_protected}events-{EVENTS_STAGE or 'local'}-session"
CSRF_COOKIE_NAME = f"{_protected}events-{EVENTS_STAGE or 'local'}-csrf"
DEVICE_COOKIE_NAME = f"{_protected}events-{EVENTS_STAGE or 'local'}-device"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = EVENTS_HTTPS
MESSAGE_COOKIE_NAME = f"{_protected}events-{EVENTS_STAGE or 'local'}-messages"
MESSAGE_STORAGE = "eventsite.message_storage.MessageStorage"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "eventsite.error_pages.csrf_failure"
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "pages:home"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if EVENTS_HTTPS else None
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if EVENTS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _environment.flag("EVENTS_HSTS_INCLUDE_SUBDOMAINS", default=False)

STATIC_URL = f"{URL_PREFIX}/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "eventsite.assets.BootstrapFinder",
]
# Hashed names after `collectstatic`; with DEBUG, plain names from the packages.
STORAGES = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_ALLOW_ALL_ORIGINS = False

# Enough for the largest valid event, with every character as a JSON escape.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# On Lambda, a file of this size in Base64 just fits into a request.
MAX_IMPORT_BYTES = (4 if ON_LAMBDA else 10) * 1024 * 1024
# Enough for the largest file to import with its form, so that no upload is written to disk.
FILE_UPLOAD_MAX_MEMORY_SIZE = MAX_IMPORT_BYTES + 64 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

CORS_ALLOW_ALL_ORIGINS = True
CORS_URLS_REGEX = r"^/(events(/.*)?|changes|docs|openapi\.json|healthz)$"
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "idempotency-key", "if-match", "if-none-match"]
# Tracing tools and JavaScript libraries add these to every request. The site ignores them.
CORS_ALLOW_HEADERS += ["baggage", "traceparent", "tracestate", "x-request-id", "x-requested-with"]
CORS_ALLOW_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
CORS_EXPOSE_HEADERS = ["Allow", "ETag", "Link", "Location", "Retry-After", "WWW-Authenticate", "X-Request-Id"]

# Light or dark pages: without this cookie, the browser decides.
THEME_COOKIE_NAME = f"{_protected}events-theme"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "eventsite.request_log.LineFormatter", "fmt": "{levelname} {name}: {message}", "style": "{"},
        "json": {"()": "eventsite.request_log.JSONFormatter"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json" if ON_LAMBDA else "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # Clients' mistakes are not logged.
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "django.security.csrf": {"level": "ERROR"},  # its warnings quote the Referer, which may hold anything
        "eventsite.engine": {"level": "INFO"},
        "eventsite.security": {"level": "INFO"},
    },
}
