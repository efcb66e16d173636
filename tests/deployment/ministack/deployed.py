"""A stage that was deployed to the emulator."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.deployment.ministack.emulator import REGION, Browser, Project

ADDRESS = re.compile(rf"http://([0-9a-z]+)\.execute-api\.{REGION}\.amazonaws\.com/(\w+)")


class Deployed:
    """A stage deployed by a user who may do only what `stack policy` prints, and the output of the deploy."""

    def __init__(self, project: Project, stage: str) -> None:
        self.project, self.stage, self.ministack = project, stage, project.ministack
        policy = json.loads(project.manage("stack", "policy", stage).stdout)
        project.credentials = self.ministack.credentials_of_user(f"deployer-of-{stage}", policy)
        made = project.manage("stack", "rotate-key", stage)
        assert made.returncode == 0, made.stderr
        done = project.manage("deploy", stage, "--no-watch")
        assert done.returncode == 0, done.stdout + done.stderr
        self.output = done.stdout
        found = ADDRESS.search(self.output)
        assert found, self.output
        self.address = found[0]
        self.function = f"events-{stage}"

    def browser(self) -> Browser:
        return Browser(self.ministack, self.address)

    def live(self) -> dict[str, Any]:
        """The alias, without the part that changes at each move."""
        alias = self.ministack.client("lambda").get_alias(FunctionName=self.function, Name="live")
        return {name: alias[name] for name in ("FunctionVersion", "Description")}

    @contextmanager
    def visited(self) -> Iterator[None]:
        """While the block runs, somebody visits the site twice a second, and must get a good response each time."""
        statuses, done = [], threading.Event()

        def visit() -> None:
            while not done.wait(0.5):
                statuses.append(self.browser().send("GET", "/healthz").status_code)

        visitor = threading.Thread(target=visit)
        visitor.start()
        try:
            yield
        finally:
            done.set()
            visitor.join()
        assert len(statuses) > 5
        assert set(statuses) == {200}

    def configuration(self) -> dict[str, Any]:
        found = self.ministack.client("lambda").get_function_configuration(FunctionName=self.function)
        return {name: found[name] for name in ("CodeSha256", "Description", "Environment", "MemorySize", "Role")}
