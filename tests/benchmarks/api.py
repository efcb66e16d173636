"""The API beside the original FastAPI design, each through its Lambda handler, against the same DynamoDB engine."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import botocore.session

ROOT = Path(__file__).parents[2]
PEER_PYTHON = ROOT / ".venv" / "peer" / "bin" / "python"
PEERS = Path(__file__).parent / "peers"
ROUNDS = {"cold": 9, "warm": 3, "list": 3}
EVENTS = 5000


class Side(NamedTuple):
    python: str
    root: Path
    module: str
    environment: dict[str, str]

    def run(self, mode: str, *arguments: str) -> dict[str, dict[str, float]]:
        command = [self.python, str(Path(__file__).with_name("driver.py")), str(self.root), self.module, mode]
        done = subprocess.run([*command, *arguments], env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{self.module} {mode}: {done.stderr[-1500:]}")
        result: dict[str, dict[str, float]] = json.loads(done.stdout)
        return result


def project_environment(endpoint_url: str) -> dict[str, str]:
    given = {
        "DYNAMODB_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": "events",
        "EVENTS_API_ACCESS": "open",
        "SECRET_KEY": "benchmark" * 6,
        "DEBUG": "false",
        "ALLOWED_HOSTS": "*",
    }
    return {**os.environ, **given}


def compare(endpoint_url: str, stamp: str) -> Iterator[tuple[str, str, float, float]]:
    """Yields what was measured, its unit, the peer's median and this project's. Runs of both sides alternate."""
    environment = project_environment(endpoint_url)
    sides = [
        Side(str(PEER_PYTHON), PEERS, "fastapi_app.main", {**environment, "DYNAMODB_TABLE_NAME": f"peer-{stamp}"}),
        Side(sys.executable, ROOT, "eventsite.lambda_handler", {**environment, "DYNAMODB_TABLE_NAME": f"api-{stamp}"}),
    ]
    _create_peer_table(sides[0], endpoint_url)
    create_tables(sides[1])
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda side: side.run("load", str(EVENTS)), sides))
    for mode, rounds in ROUNDS.items():
        runs: list[list[dict[str, dict[str, float]]]] = [[], []]
        for _ in range(rounds):
            for side, results in zip(sides, runs, strict=True):
                results.append(side.run(mode))
        for name, units in runs[0][0].items():
            for unit in units:
                peer, project = (statistics.median(run[name][unit] for run in results) for results in runs)
                yield name, unit, peer, project


def _create_peer_table(peer: Side, endpoint_url: str) -> None:
    client: Any = botocore.session.get_session().create_client(
        "dynamodb",
        "us-east-1",
        endpoint_url=endpoint_url,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    client.create_table(
        TableName=peer.environment["DYNAMODB_TABLE_NAME"],
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "eventId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "eventId", "AttributeType": "S"}],
    )


def create_tables(project: Side) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "create_tables"],
        cwd=ROOT,
        env={name: value for name, value in project.environment.items() if name != "AWS_LAMBDA_FUNCTION_NAME"},
        check=True,
        stdout=subprocess.DEVNULL,
    )
