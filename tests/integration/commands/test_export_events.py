"""manage.py export_events."""

from __future__ import annotations

import csv
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import openpyxl
import pytest
from django.core.management import CommandError, call_command

from events import services
from tests.support.builders import ACTOR, make_fields
from tests.support.commands import run_command
from tests.support.csv_rows import GALA, HEADER, LAUNCH, store_launch_and_gala
from tests.support.fault_proxy import FAIL, FaultProxy


def written(*arguments: str) -> list[str]:
    """The lines that the command writes to standard output."""
    output = BytesIO()
    with TextIOWrapper(output) as text:
        call_command("export_events", *arguments, stdout=text)
        return [",".join(row) for row in csv.reader(StringIO(output.getvalue().decode("utf-8-sig")))]


def test_export_writes_everything_to_standard_output() -> None:
    store_launch_and_gala()
    assert written() == written("-") == [HEADER, GALA, LAUNCH]


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["--status", "draft"], [GALA]),
        (["--from", "2026-01-01"], [LAUNCH]),
        (["--to", "2025-01-01"], [GALA]),
        (["--search", "MAIN"], [LAUNCH]),
        (["--search", "MAIN", "--status", "draft"], []),
    ],
)
def test_export_can_be_filtered(arguments: list[str], lines: list[str]) -> None:
    store_launch_and_gala()
    assert written(*arguments) == [HEADER, *lines]


@pytest.mark.parametrize("arguments", [["out.xlsx"], ["out.dat", "--format", "xlsx"]])
def test_export_writes_a_workbook(arguments: list[str], tmp_path: Path) -> None:
    store_launch_and_gala()
    path = tmp_path / arguments[0]
    assert run_command("export_events", path, *arguments[1:]) == f"The events were exported to {path}.\n"
    sheet = openpyxl.load_workbook(BytesIO(path.read_bytes()))["Events"]
    assert [row[0] for row in sheet.iter_rows(values_only=True)] == ["eventId", "gala", "launch"]
    assert [path.name for path in tmp_path.iterdir()] == [path.name]


def test_export_refuses_an_invalid_date() -> None:
    with pytest.raises(CommandError, match=r"argument --to: 31\.12\.2026 must be a date as YYYY-MM-DD"):
        run_command("export_events", "--to", "31.12.2026")


def test_export_names_a_text_that_is_too_long_for_excel(tmp_path: Path) -> None:
    services.create_event(make_fields(description="x" * 40_000), ACTOR)
    with pytest.raises(CommandError, match="description of launch is longer than 32,767 characters"):
        run_command("export_events", tmp_path / "out.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_export_to_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"out.csv cannot be written: No such file or directory\."):
        run_command("export_events", tmp_path / "nowhere" / "out.csv")


def test_a_failed_export_keeps_the_existing_file(file: Path, faults: FaultProxy) -> None:
    store_launch_and_gala()
    file.write_text("as it was")
    faults.set(FAIL, "BatchGetItem")
    with pytest.raises(CommandError, match="DynamoDB failed"):
        run_command("export_events", file)
    assert [(path, path.read_text()) for path in file.parent.iterdir()] == [(file, "as it was")]
