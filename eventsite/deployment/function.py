"""A stage's Lambda function: its state, a copy of it, and the rollback to that copy."""

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
from eventsite.stack.aws import Clients, is_aws, is_missing
from eventsite.stack.stage import Stage

# The parts of a function's configuration that `update_function_configuration` accepts as they were read.
_TO_RESTORE = ("Role", "Handler", "Runtime", "Description", "Timeout", "MemorySize", "EphemeralStorage")
_SECONDS_TO_DOWNLOAD = 60


@dataclass(frozen=True)
class SavedFunction:
    """A function's code, as a file, and its configuration."""

    code: Path
    configuration: dict[str, Any]


class Function:
    """The function of a stage. Methods raise botocore's errors; `eventsite.stack.aws.aws_errors` translates them."""

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
        """The id of its API, or None."""
        try:
            found = self._cloudformation.describe_stack_resource(StackName=self.name, LogicalResourceId="Api")
        except ClientError as error:
            if is_missing(error):
                return None
            raise
        detail = found["StackResourceDetail"]
        exists = detail["ResourceStatus"].endswith("_COMPLETE") and detail["ResourceStatus"] != "DELETE_COMPLETE"
        api: str | None = detail.get("PhysicalResourceId") if exists else None
        return api

    @property
    def emulator(self) -> str | None:
        """The host and port of an AWS emulator such as "127.0.0.1:4566", or None on AWS."""
        endpoint = urlsplit(self._lambda.meta.endpoint_url)
        return None if is_aws(endpoint.hostname or "") else endpoint.netloc

    def save(self, folder: Path) -> SavedFunction | None:
        """Saves code and configuration; None if there is no function yet. Also raises DeploymentError."""
        try:
            found = self._lambda.get_function(FunctionName=self.name)
        except self._lambda.exceptions.ResourceNotFoundException:
            return None
        location = urlsplit(found["Code"]["Location"])
        if self.emulator:
            location = location._replace(netloc=self.emulator)
        try:
            with urllib.request.urlopen(location.geturl(), timeout=_SECONDS_TO_DOWNLOAD) as response:  # noqa: S310  # AWS's
                code = response.read()
        except OSError as error:
            raise DeploymentError(f"Could not download the current code, which a rollback needs: {error}") from error
        if _sha256(code) != found["Configuration"]["CodeSha256"]:
            raise DeploymentError("The download of the current code, which a rollback needs, is damaged. Try again.")
        path = folder / f"{self.name}-before.zip"
        path.write_bytes(code)
        return SavedFunction(path, found["Configuration"])

    def restore(self, saved: SavedFunction) -> None:
        """Restores code and configuration completely. Also raises DeploymentError."""
        self.wait()
        code = {
            "ZipFile": saved.code.read_bytes(),
            "Architectures": saved.configuration.get("Architectures", ["x86_64"]),
        }
        self._lambda.update_function_code(FunctionName=self.name, Publish=True, **code)
        self.wait()
        self._configure(saved.configuration, saved.configuration.get("Environment", {}).get("Variables", {}))
        current = self.configuration()
        if current is None or current["CodeSha256"] != saved.configuration["CodeSha256"]:
            raise DeploymentError("The function does not have its previous code.")

    def change_architecture(self, package: Path, architecture: str) -> None:
        """Zappa changes the architecture only when it creates the function."""
        current = self.configuration()
        if current and current.get("Architectures", [architecture]) != [architecture]:
            code = {"ZipFile": package.read_bytes(), "Architectures": [architecture]}
            self._lambda.update_function_code(FunctionName=self.name, **code)
            self.wait()

    def remove_old_variables(self) -> None:
        """Removes the environment variables that zappa_settings.json no longer has: Zappa keeps them."""
        current = self.configuration()
        if current and current.get("Environment", {}).get("Variables", {}) != self.stage.environment:
            self._configure(current, self.stage.environment)

    def wait(self) -> None:
        """Waits until AWS has finished changing the function."""
        for waiter in ("function_active_v2", "function_updated_v2"):
            self._lambda.get_waiter(waiter).wait(FunctionName=self.name)

    def _configure(self, configuration: dict[str, Any], variables: dict[str, str]) -> None:
        kept = {key: configuration[key] for key in _TO_RESTORE if key in configuration}
        self._lambda.update_function_configuration(FunctionName=self.name, Environment={"Variables": variables}, **kept)
        self.wait()


def _sha256(code: bytes) -> str:
    return base64.b64encode(sha256(code).digest()).decode()
