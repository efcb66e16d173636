"""manage.py stack"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventsite.stack import StackError
from eventsite.stack.aws import Clients, aws_errors
from eventsite.stack.key_rotation import rotate_key
from eventsite.stack.lifecycle import check_destroy, deploy, destroy, diff, kept
from eventsite.stack.stage import Stage, read_stage
from eventsite.stack.status import describe_status
from eventsite.stack.template import as_json, make_template

_ACTIONS = {
    "synth": "print the stack's CloudFormation template",
    "diff": "say what `deploy` would change, and change nothing",
    "deploy": "make the stack, or make it as the models and settings are now",
    "status": "say how the stack, its tables and its alarms are",
    "destroy": "delete the stack; tables and the secret key are kept",
    "rotate-key": "make the stage's secret key, or a new one beside the one in use",
}


class Command(BaseCommand):
    help = "A stage's tables, role, logs, alarms and dashboard on AWS, as one CloudFormation stack."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        for name, help_text in _ACTIONS.items():
            action = actions.add_parser(name, help=help_text, description=help_text)
            action.add_argument("stage", help="a stage of zappa_settings.json, such as dev")
            if name in ("diff", "deploy"):
                action.add_argument("--alarm-email", help="where alarms are sent to from now on; '' for nowhere")
            if name == "deploy":
                action.add_argument(
                    "--allow-replacement", action="store_true", help="even if a table is replaced or let go of"
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
            self._say(as_json(make_template(stage)))
            return
        clients = Clients(stage)
        match action:
            case "diff":
                diff(clients, stage, self._say, options["alarm_email"])
            case "deploy":
                deploy(clients, stage, self._say, options["alarm_email"], options["allow_replacement"])
            case "status":
                for line in describe_status(clients, stage):
                    self._say(line)
            case "destroy":
                self._destroy(clients, stage, ask=not options["yes"])
            case "rotate-key":
                self._say(rotate_key(clients, stage))

    def _destroy(self, clients: Clients, stage: Stage, ask: bool) -> None:
        stack_id = check_destroy(clients, stage)
        if ask:
            self._say(
                f"{stage.names.stack} is deleted: its role, logs, alarms, dashboard and packages. "
                f"Kept are {', '.join(kept(stage))}."
            )
            try:
                typed = input(f"Type {stage.names.stage} to go on: ")
            except EOFError:
                typed = ""
            if typed.strip() != stage.names.stage:
                raise CommandError("Nothing was changed.")
        destroy(clients, stage, stack_id, self._say)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
