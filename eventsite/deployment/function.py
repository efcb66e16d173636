"""The function of a stage: what it is now, and back to that if what came after does not work."""

from __future__ import annotations

import base64
import urllib.request
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from eventsite.deployment import DeploymentError
from eventsite.deployment.stages import Stage
from eventsite.stack.aws import Clients, is_missing

# What of a function's configuration `update_function_configuration` takes back as it gave it.
_TO_RESTORE = ("Role", "Handler", "Runtime", "Description", "Timeout", "MemorySize", "EphemeralStorage")
_SECONDS_TO_DOWNLOAD = 60


@dataclass(frozen=True)
class Before:
    """A function as it was: its code in a file, and how it was configured."""

    code: Path
    configuration: dict[str, Any]


class Function:
    """The function of a stage. Every method raises what `eventsite.stack.aws.aws_errors` turns into a sentence."""

    def __init__(self, stage: Stage, clients: Clients) -> None:
        self.stage = stage
        self.name = stage.names.function
        self._lambda = clients.of("lambda")
        self._cloudformation = clients.cloudformation

    def configuration(self) -> dict[str, Any] | None:
        """None if there is no such function."""
        try:
            found: dict[str, Any] = self._lambda.get_function_configuration(FunctionName=self.name)
        except self._lambda.exceptions.ResourceNotFoundException:
            return None
        return found

    def api(self) -> str | None:
        """The id of its API, if it has one."""
        try:
            found = self._cloudformation.describe_stack_resource(StackName=self.name, LogicalResourceId="Api")
        except ClientError as error:
            if is_missing(error):
                return None
            raise
        detail = found["StackResourceDetail"]
        there = detail["ResourceStatus"].endswith("_COMPLETE") and detail["ResourceStatus"] != "DELETE_COMPLETE"
        api: str | None = detail.get("PhysicalResourceId") if there else None
        return api

    @property
    def emulator(self) -> str | None:
        """What stands in for AWS ("127.0.0.1:4566"), if something does."""
        endpoint = urlsplit(self._lambda.meta.endpoint_url)
        return None if (endpoint.hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")) else endpoint.netloc

    def save(self, folder: Path) -> Before | None:
        """Its code and configuration as they are; none if there is no function yet. Raises DeploymentError too."""
        try:
            found = self._lambda.get_function(FunctionName=self.name)
        except self._lambda.exceptions.ResourceNotFoundException:
            return None
        location = urlsplit(found["Code"]["Location"])
        if self.emulator:
            location = location._replace(netloc=self.emulator)
        try:
            with urllib.request.urlopen(location.geturl(), timeout=_SECONDS_TO_DOWNLOAD) as answer:  # noqa: S310  # AWS's
                code = answer.read()
        except OSError as error:
            raise DeploymentError(f"The code that runs now could not be fetched, to go back to: {error}") from error
        if _sha256(code) != found["Configuration"]["CodeSha256"]:
            raise DeploymentError("The code that runs now could not be fetched whole, to go back to; try again.")
        path = folder / f"{self.name}-before.zip"
        path.write_bytes(code)
        return Before(path, found["Configuration"])

    def restore(self, before: Before) -> None:
        """Code and configuration from before, and nothing of what is now. Raises DeploymentError too."""
        self.wait()
        self._lambda.update_function_code(FunctionName=self.name, ZipFile=before.code.read_bytes(), Publish=True)
        self.wait()
        self._configure(before.configuration, before.configuration.get("Environment", {}).get("Variables", {}))
        now = self.configuration()
        if now is None or now["CodeSha256"] != before.configuration["CodeSha256"]:
            raise DeploymentError("The function does not have the code from before.")

    def keep_variables(self) -> None:
        """Takes from it the variables that zappa_settings.json no longer has: Zappa lets them be."""
        now = self.configuration()
        if now and now.get("Environment", {}).get("Variables", {}) != self.stage.environment:
            self._configure(now, self.stage.environment)

    def wait(self) -> None:
        """Until what AWS does with it is done."""
        for waiter in ("function_active_v2", "function_updated_v2"):
            self._lambda.get_waiter(waiter).wait(FunctionName=self.name)

    def _configure(self, configuration: dict[str, Any], variables: dict[str, str]) -> None:
        kept = {key: configuration[key] for key in _TO_RESTORE if key in configuration}
        self._lambda.update_function_configuration(FunctionName=self.name, Environment={"Variables": variables}, **kept)
        self.wait()


def _sha256(code: bytes) -> str:
    return base64.b64encode(sha256(code).digest()).decode()
