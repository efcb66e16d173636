"""The steps of a deploy, the rollback, and `undeploy`."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile

from django.conf import settings

from eventsite.deployment import DeploymentError
from eventsite.deployment.checks import errors, settings_error
from eventsite.deployment.function import Function, SavedFunction
from eventsite.deployment.package import make_package, package_path
from eventsite.deployment.target import target_of
from eventsite.deployment.zappa import run_zappa, write_settings
from eventsite.stack import StackError
from eventsite.stack import lifecycle as stack
from eventsite.stack.aws import Clients, aws_errors, dns_suffix
from eventsite.stack.change_sets import REVIEW, find_stack
from eventsite.stack.stage import Stage

STEPS = ("Check", "Package", "Stack", "Function", "Smoke test", "Stored events")
_BUSY = "{} is being changed by another deploy. Try again when that is done."
FOLDER = "dist"
_OF_A_SITE = ("ALLOWED_HOSTS", "DEBUG", "DYNAMODB_", "EVENTS_", "PORT", "PRELOAD_", "SECRET_KEY", "URL_PREFIX")

Say = Callable[[str], None]


class Deploy:
    """One deploy of a stage. `run` raises StackError; nothing on AWS changes before step 3."""

    def __init__(self, stage: Stage, say: Say) -> None:
        self.stage = stage
        self.say = say
        self.folder = Path(settings.BASE_DIR, FOLDER)
        self.account = ""
        self.key_version = 0

    def run(self) -> str:
        """Returns the address of the site."""
        with _lock(self.folder, self.stage.name):
            return self._run()

    def _run(self) -> str:
        self._check_settings()
        with aws_errors():
            self.clients = Clients(self.stage)
            self.function = Function(self.stage, self.clients)
            self._check_account()
        self._step(1, f"{self.stage.name} in account {self.account}, {self.stage.region}")
        self._step(2, str(make_package(package_path(self.stage), target_of(self.stage))))
        self._step(3, self.stage.names.stack)
        with aws_errors():
            stack.deploy(self.clients, self.stage, self._detail)
            saved = self.function.save(self.folder)
        self._step(4, f"{'update' if saved else 'create'} {self.stage.names.function}")
        with self._rollback(saved), aws_errors():
            self._update(first=saved is None)
            address, connect_to = self._address()
            self._step(5, address)
            self._smoke_test(address, connect_to)
        if saved:
            saved.code.unlink()
        self._step(6, self.stage.names.events_table)
        self._upgrade()
        return address

    def _check_settings(self) -> None:
        found = list(errors(self.stage))
        if not found and (error := settings_error(self.stage)):
            found.append(error)
        if found:
            raise DeploymentError(" ".join(found))

    def _check_account(self) -> None:
        names, ssm = self.stage.names, self.clients.of("ssm")
        self.account = self.clients.of("sts").get_caller_identity()["Account"]
        try:
            parameter = ssm.get_parameter(Name=names.secret_key)["Parameter"]
        except ssm.exceptions.ParameterNotFound as error:
            raise DeploymentError(
                f"{self.stage.name} has no secret key yet. `manage.py stack rotate-key {self.stage.name}` creates one."
            ) from error
        if parameter["Type"] != "SecureString":
            raise DeploymentError(f"The parameter {names.secret_key} must be a SecureString.")
        self.key_version = parameter["Version"]
        for name in (names.stack, names.function):
            found = find_stack(self.clients, name)
            if found and found["StackStatus"].endswith("_IN_PROGRESS") and found["StackStatus"] != REVIEW:
                raise DeploymentError(_BUSY.format(name))
        self._check_function()

    def _check_function(self) -> None:
        current = self.function.configuration()
        if current and (current.get("State") == "Pending" or current.get("LastUpdateStatus") == "InProgress"):
            raise DeploymentError(_BUSY.format(self.function.name))
        if current and self.function.api() is None:
            raise DeploymentError(
                f"{self.function.name} has no API, because an earlier deploy was interrupted. "
                f"Run `manage.py undeploy {self.stage.name}` (it keeps the data), then deploy again."
            )

    def _update(self, first: bool) -> None:
        package = package_path(self.stage)
        digest = sha256(package.read_bytes()).hexdigest()[:12]
        # A new description changes the function, so that it restarts and reads its secret key again.
        description = f"Events: package {digest}, secret key version {self.key_version}"
        bucket = self.stage.names.packages_bucket(self.account, self.stage.region)
        settings_file = write_settings(self.stage, bucket, description)
        options = ("-z", str(package), "--json", "--disable_progress")
        self.function.change_architecture(package, target_of(self.stage).architecture)
        run_zappa("deploy" if first else "update", self.stage, settings_file, *options)
        self.function.wait()
        self.function.remove_old_variables()

    def _address(self) -> tuple[str, str | None]:
        """The site's address, and the host and port of the emulator if there is one."""
        emulator = self.function.emulator
        scheme = "http" if emulator else "https"
        if domain := self.stage.described.get("domain"):
            base_path = self.stage.described.get("base_path")
            return f"{scheme}://{domain}" + (f"/{base_path}" if base_path else ""), emulator
        host = f"{self.function.api()}.execute-api.{self.stage.region}.{dns_suffix(self.stage.region)}"
        return f"{scheme}://{host}/{self.stage.name}", emulator

    def _smoke_test(self, address: str, connect_to: str | None) -> None:
        options = ("--connect-to", connect_to) if connect_to else ()
        if error := self._manage("smoke_test", address, *options):
            raise DeploymentError(error)

    def _upgrade(self) -> None:
        """The new version reads the earlier form too, so if this fails, it continues to serve."""
        if error := self._manage("upgrade_events"):
            raise DeploymentError(
                f"{error} The new version serves, but stored events still have the earlier form. "
                f"Run `EVENTS_STAGE={self.stage.name} .venv/bin/python manage.py upgrade_events`."
            )

    def _manage(self, command: str, *arguments: str) -> str:
        """Runs a command in its own process, because it needs the stage's settings. Returns its error, or ""."""
        # Without this shell's own settings of a site.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_A_SITE)}
        environment = {**kept, "EVENTS_STAGE": self.stage.name}
        line = [sys.executable, str(settings.BASE_DIR / "manage.py"), command, *arguments]
        with (
            TemporaryFile("w+") as errors_of_command,
            subprocess.Popen(line, stdout=subprocess.PIPE, stderr=errors_of_command, text=True, env=environment) as run,
        ):
            try:
                for printed in run.stdout or ():
                    self._detail(printed.rstrip())
                if run.wait() == 0:
                    return ""
            finally:
                run.kill()  # if this deploy is interrupted
            errors_of_command.seek(0)
            lines = errors_of_command.read().strip().splitlines() or [f"{command} failed."]
        return lines[-1].removeprefix("CommandError: ")

    @contextmanager
    def _rollback(self, saved: SavedFunction | None) -> Iterator[None]:
        """Restores the saved function if anything fails or the deploy is interrupted."""
        try:
            yield
        except (Exception, KeyboardInterrupt) as error:
            reason = str(error) or ("Interrupted." if isinstance(error, KeyboardInterrupt) else repr(error))
            if saved is None:
                raise DeploymentError(
                    f"{reason} This was the first deploy of {self.stage.name}, so there is no earlier version."
                ) from error
            self._detail(f"Rolling back the function. Reason: {reason}")
            try:
                with aws_errors():
                    self.function.restore(saved)
            except (StackError, OSError) as second:
                raise DeploymentError(
                    f"{reason} The rollback failed, too: {second} The function's previous code is in {saved.code}."
                ) from error
            saved.code.unlink(missing_ok=True)
            raise DeploymentError(f"{reason} The function has its previous code and settings again.") from error

    def _step(self, number: int, detail: str) -> None:
        self.say(f"{number}/{len(STEPS)} {STEPS[number - 1]}: {detail}")

    def _detail(self, line: str) -> None:
        self.say(f"    {line}")


@contextmanager
def _lock(folder: Path, stage: str) -> Iterator[None]:
    """Raises DeploymentError if another deploy of the stage is running on this machine."""
    folder.mkdir(exist_ok=True)
    with (folder / f"deploy-{stage}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DeploymentError(f"Another deploy of {stage} is running on this machine.") from error
        yield


def undeploy(stage: Stage, say: Say) -> None:
    """Removes the function and its API. Raises StackError."""
    with aws_errors():
        clients = Clients(stage)
        account = clients.of("sts").get_caller_identity()["Account"]
        function = Function(stage, clients)
        api = function.api()
        if function.configuration() is None and api is None:
            raise DeploymentError(f"There is no {stage.names.function} in account {account}, {stage.region}.")
    bucket = stage.names.packages_bucket(account, stage.region)
    run_zappa("undeploy", stage, write_settings(stage, bucket, "Events"), "--yes")
    if api:
        _delete_execution_logs(clients, api, stage.name)
    say(f"The function {stage.names.function} and its API were removed.")


def _delete_execution_logs(clients: Clients, api: str, stage: str) -> None:
    """They belong to this API only: the next deploy creates another one."""
    logs = clients.of("logs")
    with aws_errors(), suppress(logs.exceptions.ResourceNotFoundException):
        logs.delete_log_group(logGroupName=f"API-Gateway-Execution-Logs_{api}/{stage}")
