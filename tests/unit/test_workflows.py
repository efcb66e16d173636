"""The workflows of GitHub Actions: few rights, pinned actions, and a deploy that goes to dev first."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from django.conf import settings

WORKFLOWS = {path.name: path.read_text() for path in (settings.BASE_DIR / ".github/workflows").glob("*.yml")}
STAGES = json.loads((settings.BASE_DIR / "zappa_settings.json").read_text())


def read(name: str) -> dict[str, Any]:
    """YAML 1.1 reads the key "on" as true."""
    found: dict[Any, Any] = yaml.safe_load(WORKFLOWS[name])
    return {"on" if key is True else key: value for key, value in found.items()}


@pytest.mark.parametrize("name", WORKFLOWS)
class TestEach:
    def test_actions_are_pinned_and_keep_no_token(self, name: str) -> None:
        steps = [step for job in read(name)["jobs"].values() for step in job["steps"]]
        used = [step["uses"] for step in steps if "uses" in step]
        assert used
        for action in used:
            assert re.fullmatch(r"(actions|aws-actions)/[\w-]+@(v\d+|[0-9a-f]{40})", action), action
        checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]
        assert all(step["with"] == {"persist-credentials": False} for step in checkouts)

    def test_texts_of_other_people_are_no_commands(self, name: str) -> None:
        runs = [step["run"] for job in read(name)["jobs"].values() for step in job["steps"] if "run" in step]
        assert not [run for run in runs if "${{" in run]
        assert not {"pull_request_target", "workflow_run"} & set(read(name)["on"])

    def test_rights_and_time_are_limited(self, name: str) -> None:
        workflow = read(name)
        assert workflow["permissions"] in ({}, {"contents": "read"})
        assert all(job["timeout-minutes"] <= 60 for job in workflow["jobs"].values())
        assert "group" in workflow["concurrency"]
        if name != "deploy.yml":
            assert not [job for job in workflow["jobs"].values() if "permissions" in job or "environment" in job]


class TestDeploy:
    def test_it_deploys_to_each_stage_in_order(self) -> None:
        jobs = read("deploy.yml")["jobs"]
        assert {name: job.get("needs") for name, job in jobs.items()} == {"dev": None, "production": "dev"}
        assert jobs.keys() == STAGES.keys()
        for name, job in jobs.items():
            assert job["environment"] == name, "The role of a stage trusts the environment with the stage's name."
            assert job["permissions"] == {"contents": "read", "id-token": "write"}
            assert job["steps"][-1] == {"run": 'make deploy STAGE="$GITHUB_JOB"'}
        assert jobs["dev"]["steps"] == jobs["production"]["steps"]

    def test_it_has_no_key_of_aws(self) -> None:
        assert "secrets." not in WORKFLOWS["deploy.yml"]
        [credentials] = [
            step["with"] for step in read("deploy.yml")["jobs"]["dev"]["steps"] if "aws-actions" in step.get("uses", "")
        ]
        assert credentials == {
            "role-to-assume": "${{ vars.AWS_ROLE_ARN }}",
            "role-duration-seconds": 7200,
            "aws-region": "${{ vars.AWS_REGION }}",
        }

    def test_only_releases_and_people_start_it_and_never_two_at_once(self) -> None:
        workflow = read("deploy.yml")
        assert workflow["on"] == {"push": {"tags": ["v*"]}, "workflow_dispatch": None}
        assert workflow["concurrency"] == {"group": "deploy", "cancel-in-progress": False}
