"""Resources with the names of a new stack's, which an earlier stack or function left.

Log groups are adopted, because their lines may be needed. CloudFormation imports tables in the same way. A role is not
adopted, because it may allow anything; nor is the bucket, because nobody needs its packages.
"""

from __future__ import annotations

from eventsite.stack import StackError
from eventsite.stack.aws import Clients, find
from eventsite.stack.changes import Template
from eventsite.stack.stage import Stage

_NOT_ADOPTED = "{} exists already, but {} did not create it. {} Delete it in the console ({}), then deploy again."


def adopt_leftovers(clients: Clients, stage: Stage, template: Template) -> tuple[Template, list[str]]:
    """The template of a new stack, which imports the log groups that exist, and what the next template changes in them.

    Raises StackError for other leftovers.
    """
    names, account = stage.names, clients.of("sts").get_caller_identity()["Account"]
    bucket = names.packages_bucket(account, stage.region)
    if find(clients.of("iam").get_role, RoleName=names.role) is not None:
        policies = "Its policies are unknown. A function that uses it fails until you deploy."
        raise StackError(_NOT_ADOPTED.format(f"The role {names.role}", names.stack, policies, "IAM, Roles"))
    if find(clients.of("s3").head_bucket, Bucket=bucket) is not None:
        packages = "It holds only packages of earlier deploys."
        raise StackError(_NOT_ADOPTED.format(f"The bucket {bucket}", names.stack, packages, "S3; empty it first"))
    resources, later = dict(template["Resources"]), []
    for logical in ("AccessLogs", "FunctionLogs"):
        group = resources[logical]
        name = group["Properties"]["LogGroupName"]
        found = clients.of("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        if name in (each["logGroupName"] for each in found):
            # CloudFormation imports a resource without changing it. So it has only its name until the next template.
            resources[logical] = {**group, "DeletionPolicy": "Retain", "Properties": {"LogGroupName": name}}
            later.append(f"{name} existed already and is imported with its lines; it gets its retention and tags")
    return {**template, "Resources": resources}, later
