"""What a function reads at each start, made smaller in its package; what it does with it stays the same."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

# The services that events.dynamodb lets botocore know of, as the file of endpoints names them.
_SERVICES = {"dynamodb", "sts", "portal.sso", "oidc", "signin"}


def lighten(folder: Path) -> None:
    """The folder of installed packages: some 25 ms of a start are in these three."""
    _leave_out_the_test_framework(folder / "django" / "test")
    _keep_endpoints_of_use(folder / "botocore" / "data" / "endpoints.json")
    for model in (folder / "botocore" / "data" / "dynamodb").rglob("service-2.json.gz"):
        _drop_documentation(model)


def _leave_out_the_test_framework(package: Path) -> None:
    """But for the one module of it that django-ninja imports, and with it would all the others."""
    for path in package.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "signals.py":
            path.unlink()
    (package / "__init__.py").touch()


def _keep_endpoints_of_use(path: Path) -> None:
    endpoints = json.loads(path.read_bytes())
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in services if name in _SERVICES}
    path.write_text(json.dumps(endpoints, separators=(",", ":")))


def _drop_documentation(path: Path) -> None:
    """Four fifths of what botocore reads to know DynamoDB's calls. Unpacked, too: it is read at each start."""
    model = json.loads(gzip.decompress(path.read_bytes()))
    path.with_suffix("").write_text(json.dumps(_without_documentation(model), separators=(",", ":")))
    path.unlink()


def _without_documentation(model: Any) -> Any:
    if isinstance(model, list):
        return [_without_documentation(each) for each in model]
    if not isinstance(model, dict):
        return model
    return {
        name: _without_documentation(value)
        for name, value in model.items()
        if not (name == "documentation" and isinstance(value, str))
    }
