"""A stage's Lambda function: its state, its versions, and the alias of the version that serves the site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from eventsite.deployment import DeploymentError
from eventsite.stack.aws import Clients, find, is_aws
from eventsite.stack.names import ALIAS
from eventsite.stack.stage import Stage

# The parts of a function's configuration that `update_function_configuration` accepts as they were read.
_KEPT = ("Role", "Handler", "Runtime", "Description", "Timeout", "MemorySize", "EphemeralStorage")
_EARLIER = "Earlier versions: "  # how the alias's description begins


@dataclass(frozen=True)
class Live:
    """The version that serves the site, and those that did so before, latest first."""

    version: str
    earlier: tuple[str, ...]
    revision: str  # of the alias: a change that names another revision is refused


class Function:
    """The function of a stage. Methods raise botocore's errors; `eventsite.stack.aws.aws_errors` translates them."""

    def __init__(self, stage: Stage, clients: Clients) -> None:
        self.stage = stage
        self.name = stage.names.function
        self._lambda = clients.of("lambda")
        self._cloudformation = clients.cloudformation

    def configuration(self) -> dict[str, Any] | None:
        """None if there is no such function."""
        return find(self._lambda.get_function_configuration, FunctionName=self.name)

    def api(self, resource: str = "Api") -> str | None:
        """The id of its API, or of another resource in the API's stack, or None."""
        call = self._cloudformation.describe_stack_resource
        found = find(call, StackName=self.name, LogicalResourceId=resource)
        if found is None:
            return None
        detail = found["StackResourceDetail"]
        exists = detail["ResourceStatus"].endswith("_COMPLETE") and detail["ResourceStatus"] != "DELETE_COMPLETE"
        physical: str | None = detail.get("PhysicalResourceId") if exists else None
        return physical

    @property
    def emulator(self) -> str | None:
        """The host and port of an AWS emulator such as "127.0.0.1:4566", or None on AWS."""
        endpoint = urlsplit(self._lambda.meta.endpoint_url)
        return None if is_aws(endpoint.hostname or "") else endpoint.netloc

    def publish(self) -> str:
        """Publishes the current code and settings, and waits until they can be invoked. Returns the version."""
        version: str = self._lambda.publish_version(FunctionName=self.name)["Version"]
        self._lambda.get_waiter("published_version_active").wait(FunctionName=self.name, Qualifier=version)
        return version

    def live(self) -> Live | None:
        alias = find(self._lambda.get_alias, FunctionName=self.name, Name=ALIAS)
        return _live(alias) if alias else None

    def move(self, now: Live | None, version: str, earlier: Sequence[str]) -> Live:
        """Moves the alias, which must still be as in `now`."""
        moved = {
            "FunctionName": self.name,
            "Name": ALIAS,
            "FunctionVersion": version,
            "Description": _EARLIER + " ".join(earlier),
        }
        if now is None:
            return _live(self._lambda.create_alias(**moved))
        return _live(self._lambda.update_alias(RevisionId=now.revision, **moved))

    def move_back(self, before: Live | None) -> None:
        """Moves the alias back if it was moved; deletes it if there was none."""
        now = self.live()
        if now is None or (before and now.version == before.version):
            return
        if before:
            self.move(now, before.version, before.earlier)
        else:
            self._lambda.delete_alias(FunctionName=self.name, Name=ALIAS)

    def remove_old_versions(self) -> None:
        """Keeps the live version and the earlier ones that its alias names, and those of other aliases."""
        live = self.live()
        if live is None:
            return
        aliases = self._lambda.list_aliases(FunctionName=self.name)["Aliases"]
        kept = {"$LATEST", *live.earlier, *(alias["FunctionVersion"] for alias in aliases)}
        pages = self._lambda.get_paginator("list_versions_by_function").paginate(FunctionName=self.name)
        for version in [found["Version"] for page in pages for found in page["Versions"]]:
            if version not in kept:
                self._lambda.delete_function(FunctionName=self.name, Qualifier=version)

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
        if current is None:
            raise DeploymentError(f"{self.name} no longer exists.")
        if current.get("Environment", {}).get("Variables", {}) != self.stage.environment:
            kept = {key: current[key] for key in _KEPT if key in current}
            variables = {"Variables": self.stage.environment}
            self._lambda.update_function_configuration(FunctionName=self.name, Environment=variables, **kept)
            self.wait()

    def wait(self) -> None:
        """Waits until AWS has finished changing the function."""
        for waiter in ("function_active_v2", "function_updated_v2"):
            self._lambda.get_waiter(waiter).wait(FunctionName=self.name)


def _live(alias: dict[str, Any]) -> Live:
    earlier = alias.get("Description", "").partition(_EARLIER)[2].split()
    return Live(alias["FunctionVersion"], tuple(earlier), alias["RevisionId"])
