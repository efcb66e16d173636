"""The steps of a deploy, `rollback` and `undeploy`."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile

from django.conf import settings

from eventsite.deployment import DeploymentError
from eventsite.deployment.alarms import SECONDS_TO_WATCH, firing, watch
from eventsite.deployment.api import deploy_api
from eventsite.deployment.checks import errors, settings_error
from eventsite.deployment.function import Function, Live
from eventsite.deployment.package import make_package, package_path
from eventsite.deployment.target import target_of
from eventsite.deployment.zappa import FOLDER, api_template, run_zappa, write_settings
from eventsite.stack import Say, StackError, gateway
from eventsite.stack import lifecycle as stack
from eventsite.stack.aws import Clients, aws_errors, dns_suffix, find
from eventsite.stack.change_sets import find_stack, is_changing
from eventsite.stack.stage import Stage

STEPS = ("Check", "Package", "Stack", "Function", "API", "Test", "Switch", "Stored events")
_BUSY = "{} is being changed by another deploy. Try again when that is done."
_OF_A_SITE = ("ALLOWED_HOSTS", "DEBUG", "DYNAMODB_", "EVENTS_", "PORT", "PRELOAD_", "SECRET_KEY", "URL_PREFIX")


class Deploy:
    """One deploy of a stage. `run` raises StackError; nothing on AWS changes before step 3."""

    def __init__(self, stage: Stage, say: Say, seconds_to_watch: float = SECONDS_TO_WATCH) -> None:
        self.stage = stage
        self.say = say
        self.seconds_to_watch = seconds_to_watch
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
            self.clients = Clients(self.stage, self._detail)
            self.function = Function(self.stage, self.clients)
            self._check_account()
        self._step(1, f"{self.stage.name} in account {self.account}, {self.stage.region}")
        self._step(2, str(make_package(package_path(self.stage), target_of(self.stage))))
        self._step(3, self.stage.names.stack)
        with aws_errors():
            stack.deploy(self.clients, self.stage, self._detail)
            exists = self.function.configuration() is not None
            before = self.function.live()
        with self._keep_live(before), aws_errors():
            self._step(4, f"{'update' if exists else 'create'} {self.function.name}")
            settings_file = self._update(exists)
            version = self.function.publish()
            self._step(5, self.function.name)
            self._deploy_api(settings_file)
            address, connect_to = self._address()
            self._step(6, f"version {version}, before it serves the site")
            self._smoke_test(address, "--invoke", version)
            self._step(7, f"version {version} at {address}")
            self._switch(before, version, address, connect_to)
        self._step(8, self.stage.names.events_table)
        self._upgrade()
        with aws_errors():
            self.function.remove_old_versions()
        return address

    def _check_settings(self) -> None:
        found = list(errors(self.stage))
        if not found and (error := settings_error(self.stage)):
            found.append(error)
        if found:
            raise DeploymentError(" ".join(found))

    def _check_account(self) -> None:
        names = self.stage.names
        self.account = self.clients.of("sts").get_caller_identity()["Account"]
        found = find(self.clients.of("ssm").get_parameter, Name=names.secret_key)
        if found is None:
            raise DeploymentError(
                f"{self.stage.name} has no secret key yet. `manage.py stack rotate-key {self.stage.name}` creates one."
            )
        if found["Parameter"]["Type"] != "SecureString":
            raise DeploymentError(f"The parameter {names.secret_key} must be a SecureString.")
        self.key_version = found["Parameter"]["Version"]
        for name in (names.stack, names.function):
            if is_changing(find_stack(self.clients, name)):
                raise DeploymentError(_BUSY.format(name))
        self._check_function()

    def _check_function(self) -> None:
        current = self.function.configuration()
        if current and (current.get("State") == "Pending" or current.get("LastUpdateStatus") == "InProgress"):
            raise DeploymentError(_BUSY.format(self.function.name))
        if self.function.api() and not self.function.api("Stage"):
            raise DeploymentError(
                f"An earlier version of this project deployed the API {self.function.name}, without an alias. "
                f"Run `manage.py undeploy {self.stage.name}` (it keeps the data), then deploy again. "
                "The address from API Gateway will change."
            )

    def _update(self, exists: bool) -> Path:
        """Changes the function's code and settings, which no published version has yet. Returns Zappa's settings."""
        package = package_path(self.stage)
        digest = sha256(package.read_bytes()).hexdigest()[:12]
        # A new description changes the function, so that it restarts and reads its secret key again.
        description = f"Events: package {digest}, secret key version {self.key_version}"
        bucket = self.stage.names.packages_bucket(self.account, self.stage.region)
        settings_file = write_settings(self.stage, bucket, description)
        options = ("-z", str(package), "--json", "--disable_progress")
        self.function.change_architecture(package, target_of(self.stage).architecture)
        run_zappa("update" if exists else "deploy", self.stage, settings_file, *options)
        self.function.wait()
        self.function.remove_old_variables()
        return settings_file

    def _deploy_api(self, settings_file: Path) -> None:
        current = self.function.configuration() or {}
        template = api_template(self.stage, settings_file, current["FunctionArn"], current["Role"])
        deploy_api(self.clients, self.stage, gateway.complete(template, self.stage), self._detail)

    def _address(self) -> tuple[str, str | None]:
        """The site's address, and the host and port of the emulator if there is one."""
        emulator = self.function.emulator
        scheme = "http" if emulator else "https"
        if domain := self.stage.described.get("domain"):
            base_path = self.stage.described.get("base_path")
            return f"{scheme}://{domain}" + (f"/{base_path}" if base_path else ""), emulator
        host = f"{self.function.api()}.execute-api.{self.stage.region}.{dns_suffix(self.stage.region)}"
        return f"{scheme}://{host}/{self.stage.name}", emulator

    def _switch(self, before: Live | None, version: str, address: str, connect_to: str | None) -> None:
        """Moves the alias. Raises DeploymentError if the site does not work, or an alarm goes off."""
        alarms = firing(self.clients, self.stage)
        if before is None or before.version != version:
            earlier = (before.version, *before.earlier) if before else ()
            self.function.move(before, version, earlier[: self.stage.retained_versions])
        self._smoke_test(address, *(("--connect-to", connect_to) if connect_to else ()))
        if self.seconds_to_watch:
            self._detail(f"Watching the alarms for {self.seconds_to_watch:.0f} s.")
            watch(self.clients, self.stage, alarms, self.seconds_to_watch)

    def _smoke_test(self, address: str, *options: str) -> None:
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
    def _keep_live(self, before: Live | None) -> Iterator[None]:
        """Moves the alias back if anything fails or the deploy is interrupted."""
        try:
            yield
        except (Exception, KeyboardInterrupt) as error:
            reason = str(error) or ("Interrupted." if isinstance(error, KeyboardInterrupt) else repr(error))
            try:
                with aws_errors():
                    self.function.move_back(before)
            except StackError as second:
                raise DeploymentError(
                    f"{reason} The rollback failed, too: {second} Run `make rollback STAGE={self.stage.name}`."
                ) from error
            live = (
                f"Version {before.version} serves the site, with its code and its settings."
                if before
                else f"This was the first deploy of {self.stage.name}, so there is no site yet. Deploy again."
            )
            raise DeploymentError(f"{reason} {live}") from error

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


def rollback(stage: Stage, say: Say, version: str = "") -> None:
    """Moves the alias to an earlier version, by default to the previous one. Raises StackError."""
    with _lock(Path(settings.BASE_DIR, FOLDER), stage.name), aws_errors():
        function = Function(stage, Clients(stage, say))
        live = function.live()
        if live is None:
            raise DeploymentError(f"{stage.name} has no version that serves the site. Run `make deploy` first.")
        if not live.earlier:
            raise DeploymentError(f"Version {live.version} serves {stage.name}, and there is no earlier version.")
        version = version or live.earlier[0]
        if version not in live.earlier:
            versions = ", ".join(live.earlier)
            raise DeploymentError(f"Version {version} did not serve {stage.name}. Choose from: {versions}.")
        function.move(live, version, live.earlier[live.earlier.index(version) + 1 :])
    say(
        f"Version {version} serves {stage.name} instead of version {live.version}, with its code and its settings. "
        "Stored events and the API's own settings did not change."
    )


def undeploy(stage: Stage, say: Say) -> None:
    """Removes the function and its API. Raises StackError."""
    with aws_errors():
        clients = Clients(stage)
        account = clients.of("sts").get_caller_identity()["Account"]
        function = Function(stage, clients)
        if function.configuration() is None and function.api() is None:
            raise DeploymentError(f"There is no {stage.names.function} in account {account}, {stage.region}.")
    bucket = stage.names.packages_bucket(account, stage.region)
    run_zappa("undeploy", stage, write_settings(stage, bucket, "Events", with_api=True), "--yes")
    say(f"The function {stage.names.function} and its API were removed.")
