"""The steps of a deploy, in their order, and the way back."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from django.conf import settings

from eventsite.deployment import DeploymentError
from eventsite.deployment.checks import faults, settings_fault
from eventsite.deployment.function import Before, Function
from eventsite.deployment.package import make_package
from eventsite.deployment.stages import Stage
from eventsite.deployment.zappa import run_zappa, write_settings
from eventsite.stack import StackError
from eventsite.stack import lifecycle as stack
from eventsite.stack.aws import Clients, aws_errors
from eventsite.stack.change_sets import find_stack

STEPS = ("Check", "Package", "Stack", "Function", "Smoke test")
_BUSY = "Something else changes {} at this moment; try again when it is done."
FOLDER = "dist"
_OF_A_SITE = ("ALLOWED_HOSTS", "DEBUG", "DYNAMODB_", "EVENTS_", "PORT", "PRELOAD_", "SECRET_KEY", "URL_PREFIX")
_PLANNED = "REVIEW_IN_PROGRESS"  # a plan that nobody carried out

Say = Callable[[str], None]


class Deploy:
    """One deploy of a stage. `run` raises StackError; until its step 3, nothing on AWS has changed."""

    def __init__(self, stage: Stage, say: Say) -> None:
        self.stage = stage
        self.say = say
        self.folder = Path(settings.BASE_DIR, FOLDER)
        self.account = ""
        self.key_version = 0

    def run(self) -> str:
        """The address of the site."""
        with _alone(self.folder, self.stage.name):
            return self._run()

    def _run(self) -> str:
        self._check_settings()
        with aws_errors():
            self.clients = Clients(self.stage.stack)
            self.function = Function(self.stage, self.clients)
            self._check_account()
        self._step(1, f"{self.stage.name} in account {self.account}, {self.stage.region}")
        self._step(2, str(make_package(self.stage.package)))
        self._step(3, self.stage.names.stack)
        with aws_errors():
            stack.deploy(self.clients, self.stage.stack, self._detail)
            before = self.function.save(self.folder)
        self._step(4, f"{self.stage.names.function} is {'updated' if before else 'made'}")
        with self._way_back(before), aws_errors():
            self._update(first=before is None)
            address, connect_to = self._address()
            self._step(5, address)
            self._smoke_test(address, connect_to)
        if before:
            before.code.unlink()
        return address

    def _check_settings(self) -> None:
        found = list(faults(self.stage))
        if not found and (fault := settings_fault(self.stage)):
            found.append(fault)
        if found:
            raise DeploymentError(" ".join(found))

    def _check_account(self) -> None:
        names, ssm = self.stage.names, self.clients.of("ssm")
        self.account = self.clients.of("sts").get_caller_identity()["Account"]
        try:
            parameter = ssm.get_parameter(Name=names.secret_key)["Parameter"]
        except ssm.exceptions.ParameterNotFound as error:
            raise DeploymentError(
                f"{self.stage.name} has no secret key yet: `manage.py stack rotate-key {self.stage.name}` makes one."
            ) from error
        if parameter["Type"] != "SecureString":
            raise DeploymentError(f"The parameter {names.secret_key} must be a SecureString.")
        self.key_version = parameter["Version"]
        for name in (names.stack, names.function):
            found = find_stack(self.clients, name)
            if found and found["StackStatus"].endswith("_IN_PROGRESS") and found["StackStatus"] != _PLANNED:
                raise DeploymentError(_BUSY.format(name))
        self._check_function()

    def _check_function(self) -> None:
        now = self.function.configuration()
        if now and (now.get("State") == "Pending" or now.get("LastUpdateStatus") == "InProgress"):
            raise DeploymentError(_BUSY.format(self.function.name))
        if now and self.function.api() is None:
            raise DeploymentError(
                f"{self.function.name} has no API: an earlier deploy broke off. "
                f"`manage.py undeploy {self.stage.name}` clears that away (data is kept); then deploy again."
            )

    def _update(self, first: bool) -> None:
        digest = sha256(self.stage.package.read_bytes()).hexdigest()[:12]
        # A change of either is a change of the function, which then starts anew, and reads its secret key.
        description = f"Events: package {digest}, secret key version {self.key_version}"
        bucket = self.stage.names.packages_bucket(self.account, self.stage.region)
        settings_file = write_settings(self.stage, bucket, description)
        options = ("-z", str(self.stage.package), "--json", "--disable_progress")
        run_zappa("deploy" if first else "update", self.stage, settings_file, *options)
        self.function.wait()
        self.function.keep_variables()

    def _address(self) -> tuple[str, str | None]:
        """Where the site is, and what stands in for AWS, if something does."""
        emulator = self.function.emulator
        scheme = "http" if emulator else "https"
        if domain := self.stage.described.get("domain"):
            base_path = self.stage.described.get("base_path")
            return f"{scheme}://{domain}" + (f"/{base_path}" if base_path else ""), emulator
        host = f"{self.function.api()}.execute-api.{self.stage.region}.amazonaws.com"
        return f"{scheme}://{host}/{self.stage.name}", emulator

    def _smoke_test(self, address: str, connect_to: str | None) -> None:
        """In a process of its own, whose settings are the stage's."""
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "smoke_test", address]
        command += ["--connect-to", connect_to] if connect_to else []
        # Whatever this shell has for a site of its own is not this stage's.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_A_SITE)}
        environment = {**kept, "EVENTS_STAGE": self.stage.name}
        result = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        for line in result.stdout.splitlines():
            self._detail(line)
        if result.returncode:
            said = result.stderr.strip().splitlines() or ["The smoke test failed."]
            raise DeploymentError(said[-1].removeprefix("CommandError: "))

    @contextmanager
    def _way_back(self, before: Before | None) -> Iterator[None]:
        try:
            yield
        except (Exception, KeyboardInterrupt) as error:
            reason = str(error) or ("Interrupted." if isinstance(error, KeyboardInterrupt) else repr(error))
            if before is None:
                raise DeploymentError(
                    f"{reason} This was the first deploy of {self.stage.name}: there is nothing to go back to."
                ) from error
            self._detail(f"Going back to the function from before, since: {reason}")
            try:
                with aws_errors():
                    self.function.restore(before)
            except (StackError, OSError) as second:
                raise DeploymentError(
                    f"{reason} And the function could not be put back: {second} "
                    f"Its code from before is in {before.code}."
                ) from error
            before.code.unlink(missing_ok=True)
            raise DeploymentError(f"{reason} The function has its code and settings from before again.") from error

    def _step(self, number: int, said: str) -> None:
        self.say(f"{number}/{len(STEPS)} {STEPS[number - 1]}: {said}")

    def _detail(self, said: str) -> None:
        self.say(f"    {said}")


@contextmanager
def _alone(folder: Path, stage: str) -> Iterator[None]:
    """Raises DeploymentError if a deploy of the stage runs on this machine already."""
    folder.mkdir(exist_ok=True)
    with (folder / f"deploy-{stage}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DeploymentError(f"Another deploy of {stage} runs on this machine at this moment.") from error
        yield


def undeploy(stage: Stage, say: Say) -> None:
    """Takes the function and its API away. Raises StackError."""
    with aws_errors():
        clients = Clients(stage.stack)
        account = clients.of("sts").get_caller_identity()["Account"]
        function = Function(stage, clients)
        api = function.api()
        if function.configuration() is None and api is None:
            raise DeploymentError(f"There is no {stage.names.function} in account {account}, {stage.region}.")
    bucket = stage.names.packages_bucket(account, stage.region)
    run_zappa("undeploy", stage, write_settings(stage, bucket, "Events"), "--yes")
    if api:
        _delete_execution_logs(clients, api, stage.name)
    say(f"{stage.names.function}, the function and its API, are gone.")


def _delete_execution_logs(clients: Clients, api: str, stage: str) -> None:
    """They are of this API alone, which the next deploy makes anew, under another id."""
    logs = clients.of("logs")
    with aws_errors(), suppress(logs.exceptions.ResourceNotFoundException):
        logs.delete_log_group(logGroupName=f"API-Gateway-Execution-Logs_{api}/{stage}")
