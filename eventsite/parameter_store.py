"""Reads a stage's secret keys from the Parameter Store, where `manage.py stack rotate-key` stores them."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError
from django.core.exceptions import ImproperlyConfigured

from eventsite.aws_calls import Service


class ParameterStore(Service):
    name = "ssm"
    target = "AmazonSSM"
    version = "1.1"
    # If many functions start at once, some are throttled. `finish_by` limits all calls of the init phase together.
    timeouts = (1, 1.5)
    pauses = (0.3, 1.0)


def read_secret_keys(
    parameter: str, region: str, endpoint_url: str | None = None, ca_bundle: str | None = None
) -> list[str]:
    """The keys, the current one first. Raises ImproperlyConfigured."""
    try:
        store = ParameterStore(region, endpoint_url, ca_bundle=ca_bundle)
        value = store.call("GetParameter", {"Name": parameter, "WithDecryption": True})["Parameter"]["Value"]
        keys = [key.strip() for key in value.split(",") if key.strip()]
    except ClientError as error:
        request_id = error.response["ResponseMetadata"].get("RequestId")
        parts = (error.response["Error"]["Code"], error.response["Error"]["Message"])
        reason = " ".join(filter(None, (*parts, request_id and f"(AWS request ID {request_id})")))
        raise ImproperlyConfigured(f"The secret key {parameter} could not be read: {reason}.") from error
    except BotoCoreError as error:
        raise ImproperlyConfigured(f"The secret key {parameter} could not be read: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise ImproperlyConfigured(
            f"The secret key {parameter} could not be read: the response has an unknown form."
        ) from error
    if not keys:
        raise ImproperlyConfigured(f"The parameter {parameter} contains no secret key.")
    return keys
