"""Each optimization on and off in one run: `.venv/bin/python -m tests.benchmarks.optimizations [ROW ...]`.

"Off" is a copy of the project with the plain code in its place. Starts and runs of both alternate. The result is the
table of docs/quality.md, "Optimizations"; what gains less than 5 % of its row does not stay. Run it on a quiet machine.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks import overhead
from tests.benchmarks.api import EVENTS, ROOT, Side, create_tables, project_environment

ROUNDS = {"cold": 15, "warm": 9, "list": 9}  # warm: 300 calls of each kind in a round
CONNECTION, LISTS = "events/storage/connection.py", "events/storage/lists.py"
HANDLER, AWS_CALLS = "eventsite/lambda_handler.py", "eventsite/aws_calls.py"
CONNECTIONS = "eventsite/connections.py"

BOTOCORE_CLIENT = """
    from botocore.session import get_session
    from botocore.config import Config
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"} if local else {}
    config = Config(connect_timeout=1, read_timeout=2.5, retries={"total_max_attempts": 3}, max_pool_connections=50)
    plain = get_session().create_client(
        "dynamodb", settings.AWS_REGION, endpoint_url=endpoint_url, config=config, **keys
    )
    plain.check = lambda: None
    connection = ObservedConnection(plain)
"""
POOL_OF_URLLIB3 = """
        if not hasattr(self, "_pool"):
            timeout = urllib3.Timeout(connect=1, read=2.5)
            host, port = self._options["host"], self._options["port"]
            self._pool = urllib3.HTTPConnectionPool(host, port, maxsize=50, timeout=timeout)
        response = self._pool.urlopen("POST", self._path, body=body, headers=headers, retries=False)
        return Response(response.status, response.headers, response.data)
        request = self._head(headers, len(body)) + body
"""
DJANGO_TEST = """
sys.modules.setdefault("django.test", ModuleType("django.test")).__path__ = [f"{django.__path__[0]}/test"]
"""
NOT_NEEDED = """
sys.modules.setdefault("sqlparse", ModuleType("sqlparse"))
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
BaseModel.model_config["defer_build"] = True
"""


class Edit(NamedTuple):
    path: str
    old: str
    new: str


class Optimization(NamedTuple):
    name: str
    mode: str
    rows: tuple[str, ...]
    edits: tuple[Edit, ...]


OPTIMIZATIONS = (
    Optimization(
        "one signed POST, not botocore's client: start",
        "cold",
        ("start",),
        (Edit(CONNECTION, "    connection = ObservedConnection(client)\n", BOTOCORE_CLIENT),),
    ),
    Optimization(
        "one signed POST, not botocore's client: calls",
        "warm",
        ("get", "create", "update", "delete"),
        (Edit(CONNECTION, "    connection = ObservedConnection(client)\n", BOTOCORE_CLIENT),),
    ),
    Optimization(
        "requests in one piece over urllib3's connections",
        "warm",
        ("get", "create", "update", "delete"),
        (Edit(CONNECTIONS, "        request = self._head(headers, len(body)) + body\n", POOL_OF_URLLIB3),),
    ),
    Optimization(
        "credentials from the environment first",
        "cold",
        ("start",),
        (Edit(AWS_CALLS, "EnvProvider().load()", "None"),),
    ),
    Optimization(
        "no garbage collection while modules load: start",
        "cold",
        ("start",),
        (
            Edit(HANDLER, "\ngc.disable()\n", "\n"),
            Edit(HANDLER, "\ngc.freeze()\n", "\n"),
            Edit(HANDLER, "\ngc.enable()\n", "\n"),
        ),
    ),
    Optimization(
        "no garbage collection of loaded modules later",
        "cold",
        ("start",),
        (Edit(HANDLER, "\ngc.freeze()\n", "\n"),),
    ),
    Optimization(
        "no checks of connections to SQL databases and caches",
        "warm",
        ("get", "invalid"),
        (
            Edit("eventsite/wsgi.py", "    request_started.disconnect(_receiver)\n", "    pass\n"),
            Edit("eventsite/wsgi.py", "    request_finished.disconnect(_receiver)\n", "    pass\n"),
        ),
    ),
    Optimization(
        "botocore is imported first",
        "cold",
        ("start",),
        (
            Edit(HANDLER, "\nfrom events.storage.events import ping\n\n# isort: split\n", "\n"),
            Edit(
                HANDLER,
                "from eventsite import errors,",
                "from events.storage.events import ping\nfrom eventsite import errors,",
            ),
        ),
    ),
    Optimization(
        "an empty django.test",
        "cold",
        ("start",),
        (Edit(HANDLER, DJANGO_TEST, ""),),
    ),
    Optimization(
        "no parser of SQL, no plugins of pydantic, and models built when they are used",
        "cold",
        ("start",),
        (Edit(HANDLER, NOT_NEEDED, ""),),
    ),
    Optimization(
        "a check for a 200 that is not DynamoDB's",
        "warm",
        ("get", "create"),
        (Edit(CONNECTION, "if not counted or not (tables or batch):", "if False:"),),
    ),
    Optimization(
        "items of the whole list read with a known structure",
        "list",
        ("list",),
        (
            Edit(
                LISTS,
                "from events.storage.typed_items import fields_of, read_response  # noqa: PLC0415",
                "fields_of, read_response = read_fields, orjson.loads",
            ),
            Edit(LISTS, "connection(read_response)", "connection()"),
            Edit(LISTS, "import math\n", "import math\n\nimport orjson\n"),
        ),
    ),
    Optimization(
        "fields of an item written out, not a loop",
        "list",
        ("list",),
        (
            Edit(
                "events/storage/typed_items.py",
                "    return {\n",
                "    return {f.name: getattr(item, f.name).N if f.kind is int else getattr(item, f.name).S"
                " for f in FIELDS}\n    return {\n",
            ),
        ),
    ),
    Optimization(
        "two sorts by text, not one by pairs",
        "list",
        ("list",),
        (
            Edit(
                LISTS,
                'sorted(sorted(events, key=itemgetter("eventId")), key=itemgetter("date"))',
                'sorted(events, key=itemgetter("date", "eventId"))',
            ),
        ),
    ),
)


def main(wanted: list[str]) -> None:
    endpoint_url, stamp = f"http://127.0.0.1:{overhead.start_engine()}", str(os.getpid())
    environment = project_environment(endpoint_url) | {"DYNAMODB_TABLE_NAME": f"api-{stamp}"}
    plain = Side(sys.executable, ROOT, "eventsite.lambda_handler", environment)
    create_tables(plain)
    plain.run("load", str(EVENTS))
    sys.stdout.write("| optimization | row | on | off | gain |\n| --- | --- | --- | --- | --- |\n")
    for optimization in OPTIMIZATIONS:
        if wanted and not any(word in optimization.name for word in wanted):
            continue
        for row, on, off in _measured(optimization, plain):
            sys.stdout.write(f"| {optimization.name} | {row} | {on:.2f} | {off:.2f} | {(off - on) / off:.1%} |\n")
            sys.stdout.flush()


def _measured(optimization: Optimization, plain: Side) -> Iterator[tuple[str, float, float]]:
    """Yields the row, and its median with the optimization and without; milliseconds of this process's CPU."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("events", "eventsite", "templates"):
            shutil.copytree(ROOT / name, Path(folder, name))
        for edit in optimization.edits:
            path = Path(folder, edit.path)
            text = path.read_text()
            if edit.old not in text:
                sys.exit(f"{optimization.name}: {edit.path} no longer contains {edit.old!r}")
            path.write_text(text.replace(edit.old, edit.new))
        copy = plain._replace(root=Path(folder))
        for side in (plain, copy):
            side.run("cold")  # compiles the modules
        runs: list[list[dict[str, dict[str, float]]]] = [[], []]
        for number in range(ROUNDS[optimization.mode]):
            pair = list(zip((plain, copy), runs, strict=True))
            for side, results in pair if number % 2 else reversed(pair):
                results.append(side.run(optimization.mode))
    for row in optimization.rows:
        here, there = (statistics.median(run[row]["cpu_ms"] for run in results) for results in runs)
        yield row, here, there


if __name__ == "__main__":
    main(sys.argv[1:])
