"""`make run` and manage.py runserver: what they print and leave behind, and errors at start."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from textwrap import dedent

import pytest
import requests
from django.conf import settings

from eventsite.engine.fetch import find_engine
from eventsite.engine.process import Engine, free_port, is_dynamodb, port_is_free
from tests.support.builders import make_body
from tests.support.project_copy import copy_project

SECONDS_TO_START = 60
README = settings.BASE_DIR / "README.md"


class Site:
    """`manage.py runserver` in a copy of the project, with its own data."""

    def __init__(self, folder: Path, home: Path) -> None:
        copy_project(folder)
        self.folder = folder
        self.port, self.engine_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "PORT": str(self.port),
            "DYNAMODB_LOCAL_PORT": str(self.engine_port),
            "DYNAMODB_LOCAL_HOME": str(home),
        }
        self.output = folder / "output"
        self.said = ""  # at the start
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str) -> None:
        # A shell makes background processes, and those that they start, ignore Ctrl-C.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "runserver", *arguments],
                cwd=self.folder,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, *command: str, typed: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
        """Runs another command while the server runs. The process inherits only standard input and output."""
        command = (sys.executable, "manage.py", *command)
        environment = {**self.environment, **environment}
        return subprocess.run(
            command, cwd=self.folder, env=environment, input=typed, capture_output=True, check=False, timeout=120
        )

    def wait_until_it_answers(self) -> None:
        """The port is bound a moment before the addresses are printed."""
        wait_until(
            lambda: "Press Ctrl-C to stop." in self.output.read_text() and not port_is_free(self.port), self.output
        )
        self.said = self.output.read_text()

    def end(self, number: signal.Signals, group: bool = True) -> int:
        """Sends a signal to the whole process group, as Ctrl-C does. Returns the exit status of the server."""
        assert self.process is not None
        (os.killpg if group else os.kill)(self.process.pid, number)
        return self.process.wait(30)


def wait_until(condition: Callable[[], bool], output: Path) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while not condition():
        assert time.monotonic() < until, output.read_text()
        time.sleep(0.05)


@contextmanager
def site_in(folder: Path, engine: Engine) -> Iterator[Site]:
    site = Site(folder, find_engine(engine.directory, engine.home))
    try:
        yield site
    finally:
        if site.process is not None and site.process.poll() is None:
            site.end(signal.SIGKILL)


@pytest.fixture
def site(tmp_path: Path, engine: Engine) -> Iterator[Site]:
    with site_in(tmp_path, engine) as site:
        yield site


@pytest.fixture(scope="module")
def running_site(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Iterator[Site]:
    """A site that was started once, for tests that look at it or run other commands."""
    with site_in(tmp_path_factory.mktemp("site"), engine) as site:
        site.start("--noreload")
        site.wait_until_it_answers()
        yield site


@pytest.mark.parametrize("arguments", [("--noreload",), ()], ids=["once", "reloading"])
def test_the_first_run_and_the_next(site: Site, arguments: tuple[str, ...]) -> None:
    """It prints the addresses; only the first prints how to sign in. Its end stops every process."""
    site.start(*arguments)
    site.wait_until_it_answers()
    assert len(requests.get(f"{site.url}/events", timeout=10).json()) == 12
    assert requests.get(f"{site.url}/healthz", timeout=10).json() == {"status": "ok"}
    for path in ("/docs", "/static/ninja/swagger-ui.css"):
        assert requests.get(site.url + path, timeout=10).status_code == 200
    for line in (
        f"Staff     {site.url}/staff/\n",
        f"Events    {site.url}/events\n",
        f"API docs  {site.url}/docs\n",
        f"Health    {site.url}/healthz\n",
        f"Storage   http://127.0.0.1:{site.engine_port} (DynamoDB Local)\n",
        "Press Ctrl-C to stop.\n",
    ):
        assert line in site.said
    [password] = re.findall(r"^Sign in   admin / (\S+)   \(shown only now\)$", site.said, re.MULTILINE)
    browser = requests.Session()
    page = browser.get(f"{site.url}/", timeout=10, headers={"Accept": "text/html"})
    assert page.url == f"{site.url}/staff/login/?next=/staff/"
    [token, *_] = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    form = {"username": "admin", "password": password, "csrfmiddlewaretoken": token, "next": "/staff/people/"}
    page = browser.post(page.url, form, timeout=10)
    assert (page.status_code, page.url) == (200, f"{site.url}/staff/people/")
    assert (
        '<b dir="auto">runserver</b> added <b dir="auto">admin</b>' in browser.get(f"{site.url}/staff/security/").text
    )
    assert site.end(signal.SIGINT) == 0
    assert "Traceback" not in site.output.read_text()
    wait_until(lambda: port_is_free(site.engine_port), site.output)
    assert port_is_free(site.port)
    site.start(*arguments)
    site.wait_until_it_answers()
    assert browser.get(f"{site.url}/staff/people/", timeout=10).url == f"{site.url}/staff/people/"
    assert "Sign in" not in site.said


def test_the_first_run_prints_what_the_readme_shows(running_site: Site) -> None:
    [shown] = re.findall(r"(?:^    .*\n)+    Press Ctrl-C to stop\.\n", README.read_text(), re.MULTILINE)
    said = running_site.said.replace(f":{running_site.port}", ":8000")
    said = said.replace(f":{running_site.engine_port}", ":8100")
    assert re.sub("admin / [a-z0-9-]+", "admin / …", said) == re.sub("admin / [a-z0-9-]+", "admin / …", dedent(shown))


def test_acknowledged_writes_are_stored_for_the_next_run(site: Site) -> None:
    expected = {f"sample-{number:02}" for number in range(1, 13)}
    site.start("--noreload")
    site.wait_until_it_answers()
    for number, deleted in ((signal.SIGTERM, "sample-01"), (signal.SIGKILL, "sample-02")):
        for event_id in (f"{number.name}-{letter}" for letter in "abc"):
            answer = requests.post(f"{site.url}/events", json=make_body(eventId=event_id), timeout=10)
            assert answer.status_code == 201
            expected.add(event_id)
        assert requests.delete(f"{site.url}/events/{deleted}", timeout=10).status_code == 204
        expected.remove(deleted)
        site.end(number, group=False)
        wait_until(lambda: port_is_free(site.engine_port), site.output)  # the engine stopped with the server
        site.start("--noreload")
        site.wait_until_it_answers()
        assert {event["eventId"] for event in requests.get(f"{site.url}/events", timeout=10).json()} == expected


def said_at_the_end(site: Site) -> str:
    assert site.process is not None
    assert site.process.wait(SECONDS_TO_START) == 1
    return site.output.read_text()


def test_a_port_in_use_is_one_sentence(site: Site) -> None:
    with socket.create_server(("127.0.0.1", site.port)):
        site.start("--noreload")
        assert said_at_the_end(site) == f"CommandError: Port {site.port} is in use; set PORT to another one.\n"
    assert not is_dynamodb(site.engine_port)


def test_an_engine_port_in_use_is_one_sentence(site: Site) -> None:
    with socket.create_server(("127.0.0.1", site.engine_port)):
        site.start("--noreload")
        said = said_at_the_end(site)
    assert said.startswith(f"CommandError: Port {site.engine_port} is in use by another program")
    assert said.count("\n") == 1


def test_an_unusable_data_folder_is_one_sentence(site: Site) -> None:
    (site.folder / ".dynamodb").touch()  # a file instead of the folder
    site.start("--noreload")
    said = said_at_the_end(site)
    assert said.startswith("CommandError: DynamoDB Local could not be started: ")
    assert said.count("\n") == 1


def test_a_wrong_python_version_is_one_sentence(site: Site) -> None:
    script = "import runpy, sys; sys.version_info = (3, 14, 0); runpy.run_path('manage.py', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", script], cwd=site.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Events needs Python 3.11, 3.12 or 3.13; this is 3.")
    assert done.stderr.count("\n") == 1


def test_missing_packages_are_one_sentence(site: Site) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "manage.py", "check"], cwd=site.folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (
        1,
        "django is not installed: run `make run` once, or `.venv/bin/python manage.py`.\n",
    )


@pytest.mark.parametrize("command", ["runserver", "dynamodb_local"])
def test_a_second_engine_on_the_same_data_is_refused(running_site: Site, command: str) -> None:
    done = running_site.run(command, PORT=str(free_port()), DYNAMODB_LOCAL_PORT=str(free_port()))
    refusal = (
        f"CommandError: Another DynamoDB Local uses the data in {running_site.folder}/.dynamodb/data; stop it first."
    )
    assert done.stderr.decode().startswith(refusal)
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
    assert requests.get(f"{running_site.url}/healthz", timeout=10).json() == {"status": "ok"}


def test_two_concurrent_first_runs_share_one_engine(site: Site) -> None:
    del site.environment["DYNAMODB_LOCAL_PORT"]
    other = copy(site)
    other.port, other.output = free_port(), site.folder / "other"
    other.url = f"http://127.0.0.1:{other.port}"
    other.environment = {**site.environment, "PORT": str(other.port)}
    sites = [site, other]
    for each in sites:
        each.start("--noreload")
    try:
        for each in sites:
            each.wait_until_it_answers()
        created = requests.post(f"{site.url}/events", json=make_body(eventId="shared"), timeout=30)
        assert created.status_code == 201
        assert requests.get(f"{other.url}/events/shared", timeout=30).json() == created.json()
        assert len(requests.get(f"{other.url}/events", timeout=30).json()) == 13
        outputs = [each.output.read_text() for each in sites]
        assert "".join(outputs).count("Sign in ") == 1
        assert len(set(re.findall(r"^Storage .*$", "".join(outputs), re.MULTILINE))) == 1
    finally:
        for each in sites:
            each.end(signal.SIGKILL)


@pytest.mark.parametrize(
    "variable", [{"PYTHONSAFEPATH": "1"}, {"DJANGO_SETTINGS_MODULE": "other.settings"}, {"PYTHONWARNINGS": "error"}]
)
def test_variables_of_other_projects_are_ignored(site: Site, variable: dict[str, str]) -> None:
    site.environment.update(variable)
    done = site.run("check")
    assert (done.returncode, done.stderr) == (0, b"")


def test_events_in_any_script_can_be_printed_on_an_ascii_terminal(running_site: Site, tmp_path: Path) -> None:
    file = os.fsencode(tmp_path) + b"/caf\xe9.csv"  # a name that is not valid UTF-8
    Path(os.fsdecode(file)).write_text(
        "title,description,date,location,capacity,organizer,status\n\u00c7ay,\u65e5\u672c,2027-01-01,Bar,5,Anna,active\n"
    )
    done = running_site.run("import_events", os.fsdecode(file), PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert b"\\xc7ay " in done.stdout
    done = running_site.run("export_events", os.fsdecode(file), PYTHONIOENCODING="ascii")
    assert (done.returncode, Path(os.fsdecode(file)).read_text().count("\u00c7ay")) == (0, 1)


@pytest.mark.parametrize(
    ("command", "typed", "code", "sentence"),
    [
        (["create_staff", "anna", "--role", "viewer"], "pässwörter".encode(), 0, b""),
        (["create_staff", "anna", "--role", "viewer"], b"p\xe4ssw\xf6rter", 1, b"The password is not valid UTF-8."),
        (["changepassword", "\udce4nna"], b"", 1, b"is not a valid username."),
        (["export_events", "--status", "\udce4"], b"", 2, b"is not valid UTF-8"),
        (["export_events", "--search", "\udce4"], b"", 2, b"is not valid UTF-8"),
    ],
)
def test_non_ascii_text_needs_no_locale(
    running_site: Site, command: list[str], typed: bytes, code: int, sentence: bytes
) -> None:
    done = running_site.run(*command, typed=typed, PYTHONIOENCODING="ascii")
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr
    assert b"Traceback" not in done.stderr
