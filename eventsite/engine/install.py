"""Installs packages with pip: into a virtual environment for `make`, or into a folder for the engine.

Also a script that needs no package: `python3 -I eventsite/engine/install.py .venv requirements.txt STAMP`.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

SECONDS_TO_INSTALL = 600

# pip's variables that say where packages come from. Others, such as PIP_USER, could change where they are installed.
_PIP_KEEPS = {
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_TRUSTED_HOST", "PIP_PROXY"),
    *("PIP_CERT", "PIP_CLIENT_CERT", "PIP_CONFIG_FILE", "PIP_CACHE_DIR", "PIP_NO_CACHE_DIR", "PIP_TIMEOUT"),
    *("PIP_DEFAULT_TIMEOUT", "PIP_RETRIES", "PIP_KEYRING_PROVIDER", "PIP_USE_FEATURE", "PIP_USE_DEPRECATED"),
}
_NETWORK_ERRORS = ("connection broken", "ConnectionError", "timed out", "resolve", "SSLError", "ProxyError")


class InstallError(Exception):
    """The message ends with pip's own error."""


def install(python: str, requirements: Path, target: Path | None = None) -> None:
    """Installs the packages that a file lists, and checks their hashes. `target`: a folder. Raises InstallError."""
    command = [python, "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-user"]
    command += ["--require-hashes", "--retries=1", "-r", str(requirements)]
    command += [] if target is None else ["--target", str(target)]
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _PIP_KEEPS or not name.startswith(("PIP_", "PYTHON"))
    }
    try:
        done = subprocess.run(
            command, env=kept, capture_output=True, text=True, errors="replace", timeout=SECONDS_TO_INSTALL, check=False
        )
    except subprocess.TimeoutExpired:
        raise InstallError(f"pip took more than {SECONDS_TO_INSTALL // 60} minutes; please try again.") from None
    if done.returncode:
        raise InstallError(_reason(done.stdout + done.stderr) or f"pip failed with exit code {done.returncode}.")


def _reason(output: str) -> str:
    errors = [line for line in output.splitlines() if line.startswith("ERROR:")] or output.strip().splitlines()
    hint = ""
    if os.environ.get("PIP_NO_INDEX") and "No matching distribution" in output:
        hint = "PIP_NO_INDEX is set, so pip used no package index. "
    elif any(error in output for error in _NETWORK_ERRORS):
        hint = "Is there a network connection? "
    return f"{hint}pip says: {errors[-1]}" if errors else ""


def install_environment(environment: Path, requirements: Path, stamp: Path) -> None:
    """Creates the virtual environment if necessary, installs into it, and touches `stamp`. Raises InstallError.

    Only one process does this at a time; others wait, and then find the work done.
    """
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.stat().st_mtime >= requirements.stat().st_mtime:
            return
        made = environment / "made"
        if not made.exists():
            _make_environment(environment)
            made.touch()
        sys.stdout.write(f"Installing {requirements} into {environment} (only once) ...\n")
        sys.stdout.flush()
        try:
            install(str(environment / "bin" / "python"), requirements)
        except InstallError as error:
            raise InstallError(f"{requirements} could not be installed. {error}") from None
        stamp.touch()


def _make_environment(environment: Path) -> None:
    command = [sys.executable, "-I", "-m", "venv", "--clear", str(environment)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        output = " ".join((done.stdout + done.stderr).split())
        raise InstallError(
            f"The virtual environment could not be created (on Debian, install python3-venv). {output[-500:]}"
        )


if __name__ == "__main__":
    try:
        install_environment(*map(Path, sys.argv[1:]))
    except (InstallError, OSError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
