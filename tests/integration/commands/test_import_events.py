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
from events.management.commands.import_events import Command
from events.storage.models import HistoryItem
from eventsite.engine.process import free_port
from tests.support.builders import ACTOR
from tests.support.commands import run_command
from tests.support.csv_rows import GALA, HEADER, LAUNCH, csv_row, store_launch_and_gala
from tests.support.spreadsheets import content_of
from tests.support.tables import read_table


def write(file: Path, *lines: str) -> Path:
    file.write_text("\n".join([HEADER, *lines]))
    return file


def test_import_prints_and_makes_each_change(file: Path) -> None:
    store_launch_and_gala()
    write(file, LAUNCH, GALA.replace("80", "90"), csv_row(eventId="new", title="New"))
    assert run_command("import_events", file) == (
        "Row  Result   Event  Details\n"
        "  3  changed  Gala   capacity '80' -> '90'\n"
        "  4  new      New    2026-12-01, Main hall\n"
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
        "Row  Result  Event         Details\n"
        "  2  new     Launch night  2026-12-01, Main hall\n"
        "1 new, 0 changed, 0 unchanged, 0 with errors.\n"
    )
    with pytest.raises(CommandError, match=r"^Rows with errors: 1 of 2\.$"):
        run_command("import_events", write(file, LAUNCH, "x"), "--dry-run")
    assert read_table(HistoryItem) == []


def test_a_row_with_errors_stops_the_import_unless_skipped(file: Path) -> None:
    write(file, LAUNCH, csv_row(eventId="b", title="\x1b[2J", date="today"))
    with pytest.raises(CommandError, match=r"Rows with errors: 1 of 2\. Nothing was imported\. Fix the file, or skip"):
        run_command("import_events", file)
    assert read_table(HistoryItem) == []
    date = "date must be a day, not “today”; please write a date such as 2026-12-31"
    reasons = f"title has a control character (U+001B); {date}"
    assert run_command("import_events", file, "--skip-wrong").splitlines()[1:] == [
        "  2  new     Launch night  2026-12-01, Main hall",
        rf"  3  error   \x1b[2J       {reasons}",
        "1 new, 0 changed, 0 unchanged, 1 with errors.",
        "1 imported, 0 unchanged, 0 failed.",
    ]


def test_events_changed_meanwhile_are_reported(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store_launch_and_gala()
    prepare = batches.prepare

    def late(*arguments: object, **options: object) -> object:
        services.update_event("gala", {"capacity": 85}, ACTOR)
        return prepare(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(batches, "prepare", late)
    with pytest.raises(CommandError, match=r"^Row 2: Gala: The event has a newer change"):
        run_command("import_events", write(file, GALA.replace("80", "90")))
    assert services.get_event("gala").fields["capacity"] == 85


def test_long_texts_are_shortened(file: Path) -> None:
    store_launch_and_gala()
    line = LAUNCH.replace("Launch night", "L" * 100).replace("Doors at seven.", "x" * 300)
    [_, row, *_] = run_command("import_events", write(file, line)).splitlines()
    changes = f"title 'Launch night' -> '{'L' * 100}'; description 'Doors at seven.' -> '{'x' * 200}…'"
    assert row == f"  2  changed  {'L' * 39}…  {changes}"


def write_google(file: Path) -> Path:
    file.write_bytes(content_of("google-calendar.csv"))
    return file


SET = ("--set", "capacity=50", "--set", "organizer=Northtown", "--set", "status=active")


def test_columns_and_values_are_options(file: Path) -> None:
    printed = run_command(
        "import_events", write_google(file), *SET, "--map", "location=Subject", "--map", "Title=description"
    )
    assert "  2  new     Stalls and music  2027-05-30, Spring fair\n" in printed
    assert "These columns are not used: “Start Time”, “End Date”, " in printed
    [event] = services.list_events(EventRange())[0]
    assert (event["title"], event["location"], event["capacity"], event["status"]) == (
        "Stalls and music",
        "Spring fair",
        50,
        "active",
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), r"New events need capacity, organizer, status\. Add --map capacity=COLUMN or --set capacity=VALUE\."),
        ((*SET, "--map", "title=Name"), r"Title: The file has no column 'Name'\. It has: 'Subject', 'Start Date', "),
        ((*SET, "--map", "title"), r"--map title: write FIELD=…; the fields are eventId, title, "),
        ((*SET, "--set", "colour=red"), r"--set colour=red: write FIELD=…; the fields are eventId, title, "),
        ((*SET, "--set", "capacity=many"), r"Capacity: "),
        ((*SET, "--set", "eventId=a"), r"Event ID: Each event needs its own ID\. Choose a column\."),
        (
            (*SET, "--map", "organizer=Subject"),
            r"Organizer: It is given more than once\. Keep one --map or --set for it",
        ),
        (
            (*SET, "--map", "description=Subject", "--map", "title=Subject"),
            r"This column is already chosen for Description",
        ),
        ((*SET, "--sheet", "A"), r"This is a CSV file\. It has no sheets to choose from\."),
    ],
)
def test_wrong_options_have_the_exit_status_2(options: tuple[str, ...], message: str, file: Path) -> None:
    with pytest.raises(CommandError, match=message) as refused:
        run_command("import_events", write_google(file), *options)
    assert refused.value.returncode == 2
    assert read_table(HistoryItem) == []


def test_one_of_two_columns_with_the_same_name_is_an_option(file: Path) -> None:
    file.write_text(f"{HEADER},Title\n{csv_row(title='First')},Second\n", encoding="utf-8")
    with pytest.raises(CommandError, match=r"add --map title=COLUMN to use the first one\.") as refused:
        run_command("import_events", file)
    assert refused.value.returncode == 2
    assert "First" in run_command("import_events", file, "--map", "title=title", "--dry-run")


def test_the_order_of_day_and_month_is_an_option(file: Path) -> None:
    write(file, csv_row(date="3/4/2027"))
    with pytest.raises(CommandError, match=r"Add --day-first or --month-first\.") as refused:
        run_command("import_events", file)
    assert refused.value.returncode == 2
    assert "2027-04-03, Main hall" in run_command("import_events", file, "--day-first", "--dry-run")
    assert "2027-03-04, Main hall" in run_command("import_events", file, "--month-first", "--dry-run")


@pytest.mark.parametrize("extension", ["xlsx", "ods"])
def test_hidden_rows_are_left_out_by_default(extension: str, file: Path) -> None:
    file.write_bytes(content_of(f"hidden-row.{extension}"))
    printed = run_command("import_events", file, "--dry-run")
    assert "Hidden rows: 1, left out. Add --include-hidden to read them.\n" in printed
    assert "1 new, " in printed
    printed = run_command("import_events", file, "--dry-run", "--include-hidden")
    assert "Hidden rows: 1, included.\n" in printed
    assert "2 new, " in printed


@pytest.mark.parametrize("extension", ["xlsx", "ods"])
def test_a_sheet_is_an_option(extension: str, file: Path) -> None:
    file.write_bytes(content_of(f"numbers-summary-first.{extension}"))
    assert "1 new, " in run_command("import_events", file, "--dry-run", "--sheet", "Sheet 1 - Table 1")
    with pytest.raises(CommandError, match="Nowhere") as refused:
        run_command("import_events", file, "--dry-run", "--sheet", "Nowhere")
    assert refused.value.returncode == 2


def test_possible_duplicates_are_left_out_unless_included(file: Path) -> None:
    store_launch_and_gala()
    write(file, csv_row(eventId=""), csv_row(eventId="new"))
    printed = run_command("import_events", file)
    assert "  2  duplicate  Launch night  2026-12-01, Main hall; same title and date as launch\n" in printed
    assert "1 new, 0 changed, 0 unchanged, 0 with errors, 1 possible duplicates.\n1 imported" in printed
    assert "1 imported" in run_command("import_events", file, "--include-duplicates")
    assert len(services.list_events(EventRange())[0]) == 4


def test_texts_of_the_file_cannot_control_the_terminal(file: Path) -> None:
    row = csv_row(title="\u202eabc")
    file.write_text(f"{HEADER},\x1b[2J\n{row},1\n")
    printed = run_command("import_events", file, "--dry-run")
    assert r"“\x1b[2J”" in printed
    assert r"  2  new     \u202eabc  2026" in printed


@pytest.mark.parametrize(
    ("rows", "options", "status"),
    [(("x",), (), 1), ((), (), 2), ((LAUNCH,), ("--map", "x"), 2), ((LAUNCH,), ("--x",), 2)],
)
def test_exit_statuses(
    rows: tuple[str, ...], options: tuple[str, ...], status: int, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(file, *rows)
    with pytest.raises(SystemExit) as ended:
        Command().run_from_argv(["manage.py", "import_events", str(file), *options])
    assert ended.value.code == status
    if "--x" not in options:  # the destination comes first
        assert capsys.readouterr().err.startswith(f"Storage: {settings.DYNAMODB_ENDPOINT_URL}, table events\n")


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
