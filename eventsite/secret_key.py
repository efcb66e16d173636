"""A stage's secret keys, from the Systems Manager Parameter Store, where `manage.py stack rotate-key` puts them."""

from __future__ import annotations

from typing import Any

import orjson
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session
from botocore.session import Session
from django.core.exceptions import ImproperlyConfigured

_TRIES = 3
_TIMEOUTS_SECONDS = (1.0, 2.5)  # to connect, to read


def read_secret_keys(parameter: str, region: str, endpoint_url: str | None = None) -> list[str]:
    """The keys, the one in use first. Raises ImproperlyConfigured, with a sentence, if there are none to be had.

    One signed request: a client of botocore's would read the description of the whole service, at every cold start.
    """
    request = AWSRequest(
        "POST",
        endpoint_url or f"https://ssm.{region}.amazonaws.com",
        {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.GetParameter"},
        orjson.dumps({"Name": parameter, "WithDecryption": True}),
    )
    try:
        status, answer = _send(request, region)
    except (BotoCoreError, orjson.JSONDecodeError) as error:
        raise ImproperlyConfigured(f"The secret key {parameter} could not be read: {error}") from error
    if status != 200:
        said = f"{answer.get('__type', '').rpartition('#')[2]} {answer.get('message') or answer.get('Message') or ''}"
        raise ImproperlyConfigured(f"The secret key {parameter} could not be read: {status} {said}".rstrip() + ".")
    keys = [key.strip() for key in answer["Parameter"]["Value"].split(",") if key.strip()]
    if not keys:
        raise ImproperlyConfigured(f"The parameter {parameter} holds no secret key.")
    return keys


def _send(request: AWSRequest, region: str) -> tuple[int, Any]:
    credentials = Session().get_credentials()
    if credentials is None:
        raise ImproperlyConfigured("There are no AWS credentials to read the secret key with.")
    SigV4Auth(credentials, "ssm", region).add_auth(request)
    http = URLLib3Session(timeout=_TIMEOUTS_SECONDS)  # type: ignore[arg-type]  # its annotation is too narrow
    for left in reversed(range(_TRIES)):
        try:
            response = http.send(request.prepare())
        except BotoCoreError:
            if not left:
                raise
        else:
            if response.status_code < 500 or not left:
                return response.status_code, orjson.loads(response.content)
    raise AssertionError
