"""manage.py import_events."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import override_settings

from events import batches, services
from events.domain import EventRange
from events.storage.models import HistoryItem
from eventsite.engine.process import free_port
from tests.support.builders import ACTOR
from tests.support.commands import run_command
from tests.support.csv_rows import GALA, HEADER, LAUNCH, csv_row, store_launch_and_gala
from tests.support.tables import read_table


def write(file: Path, *lines: str) -> Path:
    file.write_text("\n".join([HEADER, *lines]))
    return file


def test_import_prints_and_makes_each_change(file: Path) -> None:
    store_launch_and_gala()
    write(file, LAUNCH, GALA.replace("80", "90"), csv_row(eventId="new", title="New"))
    assert run_command("import_events", file) == (
        "Row 3: changed: 'Gala': capacity '80' -> '90'\n"
        "Row 4: new: 'New'\n"
        "1 new, 1 changed, 1 unchanged, 0 with errors.\n"
        "2 imported, 0 unchanged, 0 failed.\n"
    )
    assert services.get_event("gala").fields["capacity"] == 90
    assert services.get_event("new").updated_by == "command"


def test_import_of_unchanged_rows_writes_nothing(file: Path) -> None:
    store_launch_and_gala()
    assert run_command("import_events", write(file, LAUNCH, GALA)) == "0 new, 0 changed, 2 unchanged, 0 with errors.\n"
    assert len(read_table(HistoryItem)) == 2


def test_a_dry_run_changes_nothing(file: Path) -> None:
    assert run_command("import_events", write(file, LAUNCH), "--dry-run") == (
        "Row 2: new: 'Launch night'\n1 new, 0 changed, 0 unchanged, 0 with errors.\n"
    )
    with pytest.raises(CommandError, match=r"^Rows with errors: 1 of 2\.$"):
        run_command("import_events", write(file, LAUNCH, "x"), "--dry-run")
    assert read_table(HistoryItem) == []


def test_a_row_with_errors_stops_the_import_unless_skipped(file: Path) -> None:
    write(file, LAUNCH, csv_row(eventId="b", title="\x1b[2J", date="today"))
    with pytest.raises(CommandError, match=r"Rows with errors: 1 of 2\. Nothing was imported\. Fix the file, or skip"):
        run_command("import_events", file)
    assert read_table(HistoryItem) == []
    assert run_command("import_events", file, "--skip-wrong") == (
        "Row 2: new: 'Launch night'\n"
        r"Row 3: error: '\x1b[2J': title has a control character (U+001B); date must be a day, not “today”; "
        "please write 2026-12-31\n1 new, 0 changed, 0 unchanged, 1 with errors.\n1 imported, 0 unchanged, 0 failed.\n"
    )


def test_events_changed_meanwhile_are_reported(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store_launch_and_gala()
    prepare = batches.prepare

    def late(*arguments: object, **options: object) -> object:
        services.update_event("gala", {"capacity": 85}, ACTOR)
        return prepare(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(batches, "prepare", late)
    with pytest.raises(CommandError, match=r"^Row 2: 'Gala': It was changed meanwhile"):
        run_command("import_events", write(file, GALA.replace("80", "90")))
    assert services.get_event("gala").fields["capacity"] == 85


def test_long_texts_are_shortened(file: Path) -> None:
    store_launch_and_gala()
    line = LAUNCH.replace("Launch night", "L" * 100).replace("Doors at seven.", "x" * 300)
    said = f"Row 2: changed: '{'L' * 80}…': title 'Launch night' -> '{'L' * 100}'; description"
    assert f"{said} 'Doors at seven.' -> '{'x' * 200}…'\n" in run_command("import_events", write(file, line))


def test_a_terminal_sees_the_progress(file: Path) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    call_command("import_events", str(write(file, LAUNCH)), stdout=StringIO(), stderr=terminal, no_color=True)
    assert terminal.getvalue() == f"Storage: {settings.DYNAMODB_ENDPOINT_URL}, table events\n1 of 1\r"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file or directory."),
        (b"", "The file is empty."),
        (b"x" * 11_000_000, "The file is larger than 10 MiB; please import it in several parts."),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(content: bytes | None, message: str, file: Path) -> None:
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CommandError, match=message):
        run_command("import_events", file)


def test_an_export_can_be_imported_elsewhere(tmp_path: Path) -> None:
    store_launch_and_gala()
    before, _ = services.list_events(EventRange())
    for name in ("out.csv", "out.xlsx"):
        run_command("export_events", tmp_path / name)
        for event in before:
            services.delete_event(event["eventId"], ACTOR)
        run_command("import_events", tmp_path / name)
        assert services.list_events(EventRange())[0] == before


@pytest.mark.parametrize("command", ["export_events", "import_events"])
def test_an_unreachable_database_is_one_sentence(command: str, file: Path) -> None:
    write(file, LAUNCH)
    with (
        override_settings(DYNAMODB_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}"),
        pytest.raises(CommandError, match=r"DynamoDB failed: dynamodb did not respond: .*refused"),
    ):
        run_command(command, file)
