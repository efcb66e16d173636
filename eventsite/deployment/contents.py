"""The contents of the package: the project's code, the packages that it imports, and static files."""

from __future__ import annotations

import re
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

from django.contrib.staticfiles.management.commands import collectstatic
from django.template import engines
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

from eventsite.deployment.target import Target

_GLIBC = re.compile(rb"GLIBC_2\.(\d+)")

# The project's source and templates, without other files in the same folders.
_OWN = {"eventsite": "*.py", "events": "*.py", "templates": "*.html"}
_NOT_FOR_LAMBDA = (
    "eventsite/accounts/management/commands/migrate.py",
    "eventsite/deployment",
    "eventsite/management",
    "eventsite/stack",
    "eventsite/zappa_stages.py",
)

# Files and folders of installed packages that the function does not use.
_UNUSED = (
    "*.dist-info",
    ".lock",
    "bin",
    "**/tests",
    "**/*.pyi",
    "**/py.typed",
    "**/locale/*/LC_MESSAGES",
    "**/static",
    "bootstrap",
    "botocore/data",
    "cffi",
    "dateutil/zoneinfo/*.tar.gz",
    "django/conf/*_template",
    "django/contrib/*/migrations",
    "django/contrib/auth/common-passwords.txt.gz",
    "django/contrib/staticfiles/management",
    "django/db/migrations",
    "ninja/templates/ninja/redoc*",
    "ninja/testing",
    "pycparser",
    "pydantic/mypy.py",
    "pydantic/v1",
    "segno/cli.*",
    "share",
    "tzdata/zoneinfo/*.tab",
    "tzdata/zoneinfo/tzdata.zi",
    "urllib3/contrib/emscripten",
    "zxcvbn/__main__.*",
)
# In these folders, the only entries that the function uses.
_USED_ONLY = {
    "django/conf/locale": {"__init__.py", "en"},
    "django/contrib": {"__init__.py", "auth", "contenttypes", "messages", "sessions", "sites", "staticfiles"},
    "django/core/management/commands": {"__init__.py"},
    "django/test": {"signals.py"},
    # Without what talks to security keys, and what checks where a key was made.
    "fido2": {"__init__.py", "arkg.py", "cbor.py", "cose.py", "public_suffix_list.dat", "rpid.py", "server.py"}
    | {"utils.py", "webauthn.py"},
    "django/db/backends": {"__init__.py", "base", "dummy", "ddl_references.py", "signals.py", "utils.py"},
}
_UNUSED_STATIC = (
    "*.js.map",
    "ninja/redoc*",
    "django_htmx/django-htmx.js",
    "django_htmx/ht*[!n].js",
    "django_htmx/*-4*",
    "django_htmx/ext/*",
)

_QUOTED = re.compile(r'"([a-z0-9-]+)"')

_SECRET = re.compile(
    rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b(?<!EXAMPLE)|-----BEGIN [A-Z ]*PRIVATE KEY-----|evk_[0-9a-f]{12}_[0-9a-f]{48}"
)
# Of secrets. To search for these first takes an eighth of the time.
_BEGINNINGS = (b"AKIA", b"ASIA", b"-----BEGIN ", b"evk_")
# It reads keys of OpenSSH, so it contains the line that they begin with.
_READS_KEYS = "cryptography/hazmat/primitives/serialization/ssh.pyc"


class HashedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """Static files under hashed names only, each with a Brotli copy.

    Every current browser reads Brotli over HTTPS. For other clients, eventsite.middleware compresses with gzip.
    """

    keep_only_hashed_files = True

    def create_compressor(self, **options: Any) -> Compressor:
        return Compressor(use_gzip=False, **options)


def copy_own(root: Path, folder: Path) -> None:
    """Copies the project's own code and templates."""
    for package, names in _OWN.items():
        for file in (root / package).rglob(names):
            name = file.relative_to(root)
            if not name.as_posix().startswith(_NOT_FOR_LAMBDA):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, folder / name)


def compile_templates(folder: Path) -> None:
    """Compiles the templates to Python modules, so that the function does not compile them at the first request."""
    engine: Any = engines["jinja2"]
    engine.env.compile_templates(folder, zip=None)


def collect_static(folder: Path) -> None:
    """Collects static files as `manage.py collectstatic` does, except those that no page uses."""
    command = collectstatic.Command()
    command.storage = HashedStaticFiles(location=folder)
    command.set_options(
        interactive=False,
        verbosity=0,
        link=False,
        clear=False,
        dry_run=False,
        ignore_patterns=list(_UNUSED_STATIC),
        use_default_ignore_patterns=True,
        post_process=True,
    )
    command.collect()
    for source_map in folder.rglob("*.map*"):  # only now, because stylesheets refer to them
        source_map.unlink()


def remove_unused(folder: Path) -> None:
    """Removes from the folder of installed packages what the function does not use."""
    unused = [path for pattern in _UNUSED for path in folder.glob(pattern)]
    for parent, used in _USED_ONLY.items():
        unused += [path for path in (folder / parent).iterdir() if path.name not in used]
    for path in unused:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)  # it may have been in a removed folder


def remove_symbols(folder: Path) -> None:
    """Removes the symbols and sections of compiled files. Only debuggers and linkers read them: 3 of 42 MB unpacked."""
    for file in folder.rglob("*.so"):
        content = bytearray(file.read_bytes())
        (start,), (size, count) = struct.unpack_from("<Q", content, 32), struct.unpack_from("<HH", content, 54)
        segments = [struct.unpack_from("<8xQ16xQ", content, start + size * number) for number in range(count)]
        del content[max(offset + length for offset, length in segments) :]
        content[40:48], content[60:64] = bytes(8), bytes(4)  # where the sections were, and how many
        file.write_bytes(content)


def remove_unused_icons(root: Path, folder: Path) -> None:
    """Keeps the icons that templates name, of 1,700. The function also reads this list for each of its first icons."""
    named = {name for file in (root / "templates").rglob("*.html") for name in _QUOTED.findall(file.read_text())}
    path = folder / "lucide/lucide.zip"
    with ZipFile(path) as archive:
        used = {name: archive.read(name) for name in archive.namelist() if name.removesuffix(".svg") in named}
    with ZipFile(path, "w") as archive:
        for name, content in used.items():
            archive.writestr(ZipInfo(name), content)


def errors(folder: Path, target: Target) -> Iterator[str]:
    """A sentence for each file that does not run on Lambda, or seems to contain a secret."""
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        name, content = file.relative_to(folder).as_posix(), file.read_bytes()
        if name != _READS_KEYS and any(each in content for each in _BEGINNINGS) and _SECRET.search(content):
            yield f"{name} seems to contain a secret."
        if content.startswith(b"\x7fELF"):
            newest = max((int(found) for found in _GLIBC.findall(content)), default=0)
            if newest > target.glibc or content[18:20] != target.machine:
                yield f"{name} does not run on Lambda ({target}). Pin another release."
