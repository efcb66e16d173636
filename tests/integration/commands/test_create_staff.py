"""manage.py create_staff and changepassword, and the commands of Django that this site replaces."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from eventsite.accounts import people
from eventsite.accounts.security_log import list_changes
from tests.support.builders import PASSWORD, make_staff
from tests.support.codes import add_authenticator
from tests.support.sign_in import browser, sign_in


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, typed: str = f"{PASSWORD}\n", **options: Any) -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    output = io.StringIO()
    call_command(*arguments, stdout=output, **options)
    return output.getvalue()


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, *typed: str) -> list[str]:
    """Records the questions of the command."""
    asked: list[str] = []
    answers = iter(typed)

    def getpass(question: str) -> str:
        asked.append(question)
        return next(answers)

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("eventsite.accounts.management.asking.getpass", getpass)
    return asked


def test_the_password_is_read_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    said = run(monkeypatch, "create_staff", "Anna", role="editor")
    assert said == "anna can now sign in as editor.\n"
    staff = people.get_staff("anna")
    assert (staff.role, staff.must_change_password, staff.check_password(PASSWORD)) == ("editor", False, True)


def test_a_terminal_asks_for_the_password_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = at_a_terminal(monkeypatch, PASSWORD, PASSWORD)
    call_command("create_staff", "anna", role="admin", stdout=io.StringIO())
    assert asked == ["Password: ", "Repeat password: "]
    assert people.get_staff("anna").check_password(PASSWORD)
    at_a_terminal(monkeypatch, PASSWORD, "something else")
    with pytest.raises(CommandError, match=r"^The two passwords do not match\. Nothing was changed\.$"):
        call_command("create_staff", "ben", role="admin")


@pytest.mark.parametrize(
    ("username", "typed", "sentence"),
    [
        ("anna", PASSWORD, "An account with the username anna already exists."),
        ("a b", PASSWORD, "'a b' is not a valid username. Use only the letters a to z, digits"),
        ("ben", "short", "This password is too short. It must contain at least 10 characters. Nothing was changed."),
        ("ben", "", "This password is too short."),
        ("ben", "qwertyuiop", "This password is too common. Nothing was changed."),
        ("benedetta", "benedetta-1", "This password is easy to guess: it contains your username or the name"),
    ],
)
def test_an_error_is_one_sentence(monkeypatch: pytest.MonkeyPatch, username: str, typed: str, sentence: str) -> None:
    make_staff("anna")
    with pytest.raises(CommandError) as caught:
        run(monkeypatch, "create_staff", username, typed=typed, role="viewer")
    assert str(caught.value).startswith(sentence)
    assert [staff.username for staff in people.list_staff()] == ["anna"]


def test_an_invalid_role_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="invalid choice: 'owner'"):
        run(monkeypatch, "create_staff", "anna", "--role", "owner")
    with pytest.raises(CommandError, match="the following arguments are required: --role"):
        run(monkeypatch, "create_staff", "anna")


def test_changing_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    make_staff("anna", password="something else entirely", must_change_password=True)
    said = run(monkeypatch, "changepassword", "Anna")
    assert said == "anna has a new password and was signed out everywhere.\n"
    assert people.get_staff("anna").check_password(PASSWORD)
    assert not people.get_staff("anna").must_change_password
    with pytest.raises(CommandError, match=r"^This password is easy to guess: it contains your username"):
        run(monkeypatch, "changepassword", "anna", typed="anna.2024!")
    assert people.get_staff("anna").check_password(PASSWORD)
    with pytest.raises(CommandError, match=r"^There is no account with the username ben\.$"):
        run(monkeypatch, "changepassword", "ben")


def test_a_lost_second_step_can_be_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    make_staff("ada", "admin")
    add_authenticator("ada")
    said = run(monkeypatch, "changepassword", "ada")
    assert "The sign-in also needs a second step. If the person has lost it, run this again with --remove" in said
    assert people.get_staff("ada").has_factors
    said = run(monkeypatch, "changepassword", "ada", "--remove-factors")
    assert said.endswith("The password alone is enough for the next sign-in.\n")
    assert not people.get_staff("ada").has_factors
    latest = list_changes().changes[0]
    assert (latest.actor, latest.action, latest.whom) == ("manage.py", "factors-reset", "ada")


@pytest.mark.parametrize(("command", "sentence"), [("migrate", "no relational database"), ("createsuperuser", "Use ")])
def test_commands_for_a_relational_database_say_that_there_is_none(command: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command(command)


@pytest.fixture
def locked_out() -> None:
    """The only admin has forgotten the password, and attempts have locked the name from everywhere."""
    make_staff("ada", "admin")
    for number in range(30):
        sign_in(browser(f"198.51.100.{number}"), "ada", "forgotten")
    assert sign_in(browser(), "ada").status_code == 429


@pytest.mark.usefixtures("locked_out")
@pytest.mark.parametrize(
    ("command", "options"), [(("changepassword", "ada"), {}), (("create_staff", "eva"), {"role": "admin"})]
)
def test_a_command_lets_in_an_admin_who_has_lost_everything(
    monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], options: dict[str, str]
) -> None:
    run(monkeypatch, *command, typed="another battery horse\n", **options)
    client = browser()
    assert sign_in(client, command[1], "another battery horse").status_code == 302
    assert client.get("/staff/people/").status_code == 200
    assert client.get("/staff/people/ada/deactivate/").status_code == 200
