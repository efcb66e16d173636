"""A stage's secret keys, from the Systems Manager Parameter Store, where `manage.py stack rotate-key` puts them."""

from __future__ import annotations

import random
import time

import orjson
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session
from botocore.session import Session
from django.core.exceptions import ImproperlyConfigured

# All of it within the ten seconds that Lambda gives a start.
_TIMEOUTS_SECONDS = (1.0, 1.5)  # to connect, to read
_PAUSES_SECONDS = (0.3, 1.0)


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
        status, content = _send(request, region)
        answer = orjson.loads(content)
        if status != 200:
            said = f"{answer['__type'].rpartition('#')[2]} {answer.get('message') or answer.get('Message') or ''}"
            raise ImproperlyConfigured(f"The secret key {parameter} could not be read: {status} {said}".rstrip() + ".")
        value = answer["Parameter"]["Value"]
    except (BotoCoreError, orjson.JSONDecodeError) as error:
        raise ImproperlyConfigured(f"The secret key {parameter} could not be read: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise ImproperlyConfigured(
            f"The secret key {parameter} could not be read: {status}, in no known form."
        ) from error
    keys = [key.strip() for key in value.split(",") if key.strip()]
    if not keys:
        raise ImproperlyConfigured(f"The parameter {parameter} holds no secret key.")
    return keys


def _send(request: AWSRequest, region: str) -> tuple[int, bytes]:
    credentials = Session().get_credentials()
    if credentials is None:
        raise ImproperlyConfigured("There are no AWS credentials to read the secret key with.")
    SigV4Auth(credentials, "ssm", region).add_auth(request)
    http = URLLib3Session(timeout=_TIMEOUTS_SECONDS)  # type: ignore[arg-type]  # its annotation is too narrow
    for pause in (*_PAUSES_SECONDS, None):
        try:
            response = http.send(request.prepare())
        except BotoCoreError:
            if pause is None:
                raise
        else:
            # Of many functions that start at once, some are throttled.
            passing = response.status_code >= 500 or response.status_code == 429 or b"Throttling" in response.content
            if pause is None or not passing:
                return response.status_code, response.content
        time.sleep(random.uniform(pause / 2, pause))
    raise AssertionError
