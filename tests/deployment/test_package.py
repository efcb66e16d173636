"""The contents of the package, and the errors when it cannot be created."""

from __future__ import annotations

import gzip
import re
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import nullcontext
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from eventsite.deployment import DeploymentError, contents
from eventsite.deployment import package as package_module
from eventsite.deployment.package import make_package
from eventsite.deployment.target import ARCHITECTURES, Target
from eventsite.management.commands import package as command
from tests.deployment.isolated import SECRET_KEY
from tests.deployment.shared import shared_parts

ANY = Target("python3.11", "x86_64")
DEVELOPMENT = {
    "boto3", "cfnlint", "hypothesis", "mypy", "pip", "playwright", "pytest", "requests", "rest_framework", "ruff",
    "schemathesis", "setuptools", "uv", "xdist", "zappa",
}  # fmt: skip
TOP = {
    "_argon2_cffi_bindings", "annotated_types", "apig_wsgi", "argon2", "asgiref", "bootstrap_wrapper", "botocore",
    "compiled_templates", "corsheaders", "cryptography", "dateutil", "defusedxml", "django", "django_htmx",
    "et_xmlfile", "events", "eventsite", "fido2", "icalendar", "jinja2", "jmespath", "lucide", "markupsafe", "msgspec",
    "ninja", "openpyxl", "orjson", "pydantic", "pydantic_core", "pynamodb", "pyotp", "segno", "six.pyc", "sqlparse",
    "staticfiles", "templates", "typing_extensions.pyc", "typing_inspection", "tzdata", "urllib3", "whitenoise",
    "zxcvbn",
}  # fmt: skip


@pytest.fixture(scope="module")
def archive(package: Path) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(package) as opened:
        yield opened


def tag(target: Target) -> str:
    return f"cpython-{target.version.replace('.', '')}"


def test_it_is_small(package: Path, archive: zipfile.ZipFile) -> None:
    assert package.stat().st_size <= package_module.MAX_BYTES <= 15_000_000
    assert sum(entry.file_size for entry in archive.infolist()) <= 39_000_000


def test_it_contains_only_what_the_function_imports(archive: zipfile.ZipFile, target: Target) -> None:
    names = archive.namelist()
    machine = ARCHITECTURES[target.architecture][0]
    cffi = f"_cffi_backend.{tag(target)}-{machine}-linux-gnu.so"
    assert {name.partition("/")[0] for name in names} == TOP | {cffi}
    assert not TOP & DEVELOPMENT
    assert not [name for name in names if re.search(r"(^|/)(tests?|testing)/", name) and "django/test/" not in name]
    assert not [name for name in names if name.endswith((".dist-info", ".pyi", ".map", ".md", ".toml", ".pem.key"))]
    assert not [
        name for name in names if name.startswith(("eventsite/deployment", "eventsite/stack", "eventsite/static"))
    ]
    assert {"eventsite/lambda_handler.py", "staticfiles/staticfiles.json", "templates/base.html"} <= set(names)


def test_stylesheets_and_scripts_of_every_page_are_small(archive: zipfile.ZipFile) -> None:
    """With the list of fifty events (13 KB), a first visit stays at about 63 KB."""
    files = [
        name
        for name in archive.namelist()
        if re.search(r"staticfiles/(bootstrap|site|django_htmx)/(bootstrap|site|htmx)[^/]*(css|js)$", name)
    ]
    brotli = sum(len(archive.read(f"{name}.br")) for name in files)
    assert brotli < 50_000
    assert brotli < 0.9 * sum(len(gzip.compress(archive.read(name))) for name in files)


def test_text_has_a_copy_in_brotli_only(archive: zipfile.ZipFile) -> None:
    """For clients without Brotli, the middleware compresses with gzip: tests/deployment/test_package_isolated.py."""
    names = {name for name in archive.namelist() if name.startswith("staticfiles/")}
    assert {name for name in names if name.endswith((".css", ".js")) and f"{name}.br" not in names} == set()
    assert not [name for name in names if name.endswith(".gz")]


def test_it_has_no_secret(archive: zipfile.ZipFile) -> None:
    for name in archive.namelist():
        content = archive.read(name)
        assert SECRET_KEY.encode() not in content
        found = re.findall(
            rb"\bAKIA[0-9A-Z]{16}\b(?<!EXAMPLE)|evk_[0-9a-f]{12}_|PRIVATE KEY-----.{16}", content, re.DOTALL
        )
        assert not [each for each in found if not name.endswith("/serialization/ssh.pyc")], name


def test_its_bytecode_is_used_without_checks(archive: zipfile.ZipFile, target: Target) -> None:
    compiled = {name: archive.read(name)[:8] for name in archive.namelist() if name.endswith(".pyc")}
    print_magic = "import importlib.util; print(importlib.util.MAGIC_NUMBER.hex())"
    magic = subprocess.run([target.python(), "-c", print_magic], check=True, capture_output=True, text=True).stdout
    assert {header[:4].hex() for header in compiled.values()} == {magic.strip()}
    assert {int.from_bytes(header[4:], "little") for header in compiled.values()} == {
        0b01
    }  # a hash that is never checked
    sources = [name for name in archive.namelist() if name.endswith(".py")]
    assert {name.partition("/")[0] for name in sources} == {"events", "eventsite"}
    for name in sources:
        folder, _, module = name.rpartition("/")
        assert f"{folder}/__pycache__/{module.removesuffix('.py')}.{tag(target)}.pyc" in compiled


def test_only_bytecode_with_its_source_has_columns(unpacked: Path, target: Target) -> None:
    program = (
        "import marshal, sys\n"
        "for name in sys.argv[1:]:\n"
        "    code = marshal.loads(open(name, 'rb').read()[16:])\n"
        "    print({column for *_, column in code.co_positions()} != {None})\n"
    )
    own = f"eventsite/__pycache__/settings.{tag(target)}.pyc"
    template = next((unpacked / "compiled_templates").glob("*.pyc"))
    files = [unpacked / name for name in (own, "django/urls/base.pyc", "six.pyc")] + [template]
    ran = subprocess.run([target.python(), "-I", "-c", program, *files], check=True, capture_output=True, text=True)
    assert ran.stdout.split() == ["True", "False", "False", "False"]


def test_every_user_may_read_its_files(archive: zipfile.ZipFile) -> None:
    assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o100644}


def test_it_is_reproducible(package: Path, target: Target, tmp_path: Path, shared_folder: Path) -> None:
    """For the newest Python, the second build shares nothing with the first. For the oldest, it shares two parts."""
    with nullcontext() if target.runtime == "python3.13" else shared_parts(shared_folder):
        again = make_package(tmp_path / "again.zip", target)
    with zipfile.ZipFile(package) as one, zipfile.ZipFile(again.path) as other:
        assert one.namelist() == other.namelist()
        assert [name for name in one.namelist() if one.read(name) != other.read(name)] == []
    assert again.path.read_bytes() == package.read_bytes()
    assert re.fullmatch(
        rf"{tmp_path}/again\.zip: \d+\.\d MB, \d,\d{{3}} files, \d\d\.\d MB unpacked, built in \d+ s", str(again)
    )
    assert [path.name for path in tmp_path.iterdir()] == ["again.zip"]


@pytest.fixture
def quick_contents(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tiny package."""

    def install(folder: Path, target: Target) -> None:
        (folder / "some").mkdir(parents=True)
        (folder / "some/module.py").write_text("answer = 42\n")

    monkeypatch.setattr(package_module, "_install", install)
    monkeypatch.setattr(contents, "remove_unused", lambda folder: None)
    monkeypatch.setattr(contents, "remove_unused_icons", lambda root, folder: None)
    monkeypatch.setattr(contents, "copy_own", lambda root, folder: None)
    monkeypatch.setattr(contents, "compile_templates", lambda folder: None)
    monkeypatch.setattr(contents, "collect_static", lambda folder: None)


@pytest.mark.usefixtures("quick_contents")
def test_a_package_that_is_too_large_does_not_replace_the_last(tmp_path: Path) -> None:
    path = tmp_path / "events.zip"
    path.write_text("the last")
    with pytest.raises(
        DeploymentError, match=r"^The package has 0\.0 MB; the limit is 0\.0 MB\. The largest: some \(0\.0 MB\)\.$"
    ):
        make_package(path, ANY, max_bytes=10)
    assert path.read_text() == "the last"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("quick_contents")
@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"key = 'AKIA0123456789ABCDEF'", r"some/file seems to contain a secret\."),
        (b"-----BEGIN RSA PRIVATE KEY-----", r"some/file seems to contain a secret\."),
        (b"evk_0123456789ab_" + b"c" * 48, r"some/file seems to contain a secret\."),
        (b"\x7fELF" + b"\0" * 14 + b"\x3e\x00 GLIBC_2.28", r"some/file does not run on Lambda \(python3.11, x86_64, g"),
        (b"\x7fELF" + b"\0" * 14 + b"\xb7\x00 GLIBC_2.17", "some/file does not run on Lambda"),
    ],
)
def test_secrets_and_incompatible_files_are_rejected(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes, error: str
) -> None:
    monkeypatch.setattr(contents, "collect_static", lambda folder: (folder.parent / "some/file").write_bytes(content))
    with pytest.raises(DeploymentError, match=error):
        make_package(tmp_path / "events.zip", ANY)


def test_an_example_is_not_a_secret(tmp_path: Path) -> None:
    (tmp_path / "docs").write_text("AKIAIOSFODNN7EXAMPLE, ASIAIOSFODNN7EXAMPLE")
    assert list(contents.errors(tmp_path, ANY)) == []


def test_symbols_of_compiled_files_are_removed(unpacked: Path) -> None:
    """Python loads them without: the tests of the unpacked package use all of them."""
    for file in unpacked.rglob("*.so"):
        content = file.read_bytes()
        assert (content[:4], content[40:48], content[60:64]) == (b"\x7fELF", bytes(8), bytes(4))
    assert len(list(unpacked.rglob("*.so"))) == 7


def test_every_icon_of_a_template_is_there(unpacked: Path) -> None:
    pages = "".join(file.read_text() for file in (unpacked / "templates").rglob("*.html"))
    with zipfile.ZipFile(unpacked / "lucide/lucide.zip") as icons:
        names = icons.namelist()
    assert {f"{name}.svg" for name in re.findall(r'\bicon\("([^"]+)"', pages)} <= set(names)
    assert len(names) < 100


@pytest.mark.usefixtures("quick_contents")
def test_code_that_does_not_compile_is_rejected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def copy_own(root: Path, folder: Path) -> None:
        (folder / "wrong.py").write_text("def (")

    monkeypatch.setattr(contents, "copy_own", copy_own)
    with pytest.raises(DeploymentError, match=r"Compiling failed: .*wrong\.py"):
        make_package(tmp_path / "events.zip", ANY)


def test_without_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        failed = (2, "", "error: Failed to fetch\n  cause: dns error\n")
        return subprocess.CompletedProcess(command, *(failed if "pip" in command else (0,)))

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(
        DeploymentError,
        match=r"Is there a network\? error: Failed to fetch cause: dns error$",
    ):
        make_package(tmp_path / "events.zip", ANY)


def test_only_source_and_templates_of_the_project_are_copied(tmp_path: Path) -> None:
    root, folder = tmp_path / "root", tmp_path / "folder"
    for name in (
        "eventsite/settings.py", "eventsite/.env", "eventsite/notes.txt", "eventsite/stack/names.py",
        "eventsite/zappa_stages.py",
        "events/api/endpoints.py",
        "eventsite/management/commands/rollback.py", "templates/a/b.html", "templates/a/b.html~", "tests/test_a.py",
        "manage.py", "secret.py",
    ):  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    contents.copy_own(root, folder)
    copied = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert copied == {"eventsite/settings.py", "events/api/endpoints.py", "templates/a/b.html"}


def test_the_command(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    made = []

    def make(path: Path, target: Target) -> str:
        made.append((path, target))
        return "made"

    monkeypatch.setattr(command, "make_package", make)
    output = StringIO()
    call_command("package", "dev", stdout=output)
    assert (made, output.getvalue()) == (
        [(settings.BASE_DIR / "dist" / "events-dev.zip", Target("python3.13", "arm64"))],
        "made\n",
    )
    with pytest.raises(CommandError, match=r"^zappa_settings\.json has no stage test; it has dev, production\.$"):
        call_command("package", "test")
