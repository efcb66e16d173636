"""manage.py stack"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventsite.stack import StackError
from eventsite.stack.aws import Clients, aws_errors
from eventsite.stack.key_rotation import rotate_key
from eventsite.stack.lifecycle import check_destroy, deploy, destroy, diff, kept
from eventsite.stack.permissions import deployer_policy, explain, github_template
from eventsite.stack.protection import describe_tables
from eventsite.stack.restore import leftovers, restore
from eventsite.stack.stage import Stage, read_stage
from eventsite.stack.template import make_template

_ACTIONS = {
    "synth": "print the stack's CloudFormation template",
    "diff": "show what `deploy` would change",
    "deploy": "create the stack, or update it to the current models and settings",
    "status": "show whether the tables are protected, and which tables a restore left",
    "restore": "restore the tables as of an earlier time, beside the current ones",
    "destroy": "delete the stack; keep the tables and the secret key",
    "rotate-key": "create the stage's secret key, or a new one that replaces it",
    "policy": "print the least IAM policy that deploys the stage",
}


def _time(text: str) -> datetime:
    """Without a time zone, it is UTC. DynamoDB restores as of whole seconds."""
    at = datetime.fromisoformat(text).replace(microsecond=0)
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _parameters(options: dict[str, Any]) -> dict[str, str | None]:
    budget = options["budget"]
    return {"AlarmEmail": options["alarm_email"], "MonthlyBudget": None if budget is None else str(budget)}


class Command(BaseCommand):
    help = "A stage's tables, role, logs, alarms and dashboard on AWS, as one CloudFormation stack."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        for name, help_text in _ACTIONS.items():
            action = actions.add_parser(name, help=help_text, description=help_text)
            action.add_argument("stage", help="a stage of zappa_settings.json, such as dev")
            if name in ("diff", "deploy"):
                action.add_argument("--alarm-email", help="the address that gets alarms from now on; '' for none")
                action.add_argument("--budget", type=int, help="USD a month for the account's budget; 0 for none")
            if name == "deploy":
                action.add_argument(
                    "--allow-replacement", action="store_true", help="even if it replaces or removes a table"
                )
            if name == "restore":
                action.add_argument("--to", required=True, type=_time, help="such as 2026-11-23T11:59:00Z (UTC)")
            if name == "policy":
                action.add_argument("--explain", action="store_true", help="print a table of what needs each action")
                action.add_argument(
                    "--github",
                    metavar="OWNER/REPO",
                    help="print a CloudFormation template with a role that GitHub Actions of this repository use",
                )
            if name == "destroy":
                action.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, action: str, stage: str, **options: Any) -> None:
        try:
            with aws_errors():
                self._do(action, read_stage(stage), options)
        except StackError as error:
            raise CommandError(str(error)) from error

    def _do(self, action: str, stage: Stage, options: dict[str, Any]) -> None:
        if action == "synth":
            self._print(make_template(stage))
            return
        clients = Clients(stage, self._say)
        match action:
            case "diff":
                diff(clients, stage, self._say, _parameters(options))
            case "deploy":
                deploy(clients, stage, self._say, _parameters(options), options["allow_replacement"])
            case "status":
                for line in (*describe_tables(clients, stage), *leftovers(clients, stage)):
                    self._say(line)
            case "restore":
                restore(clients, stage, options["to"], self._say)
            case "policy":
                self._policy(clients, stage, options)
            case "destroy":
                self._destroy(clients, stage, ask=not options["yes"])
            case "rotate-key":
                self._say(rotate_key(clients, stage))

    def _policy(self, clients: Clients, stage: Stage, options: dict[str, Any]) -> None:
        if options["explain"]:
            self._say("\n".join(explain()))
        elif (repository := options["github"]) is not None:
            self._print(github_template(clients, stage, repository))
        else:
            self._print(deployer_policy(clients, stage))

    def _destroy(self, clients: Clients, stage: Stage, ask: bool) -> None:
        stack_id = check_destroy(clients, stage)
        if ask:
            self._say(
                f"This deletes {stage.names.stack}: role, logs, alarms, dashboard and packages. "
                f"Kept: {', '.join(kept(stage))}."
            )
            try:
                typed = input(f"Type {stage.name} to continue: ")
            except EOFError:
                typed = ""
            if typed.strip() != stage.name:
                raise CommandError("Nothing was changed.")
        destroy(clients, stage, stack_id, self._say)

    def _print(self, document: dict[str, Any]) -> None:
        self._say(json.dumps(document, indent=2))

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
