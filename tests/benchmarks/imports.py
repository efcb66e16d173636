"""What each package costs at the function's start: `python -m tests.benchmarks.imports`, for docs/dependencies.md."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import packages_distributions

from django.conf import settings

_RUNS = 5
_LINE = re.compile(r"import time: +(\d+) \| +(\d+) \| ( *)(\S+)")
# Storage is not there: to ask for it is no import.
_ENVIRONMENT = {
    "PATH": os.environ.get("PATH", ""),
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "DYNAMODB_ENDPOINT_URL": "http://127.0.0.1:9",
}
_PACKAGES = packages_distributions()


def package_of(module: str) -> str:
    top = module.partition(".")[0]
    return "this project" if top in ("events", "eventsite") else _PACKAGES.get(top, ["Python itself"])[0]


def imports() -> Iterator[tuple[str, str, int, int]]:
    """Each import of a start: its package, which package wanted it, its own microseconds, and those with all below."""
    command = [sys.executable, "-X", "importtime", "-c", "import eventsite.lambda_handler"]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=_ENVIRONMENT, capture_output=True, text=True, check=True)
    above: list[tuple[int, str]] = []
    # What imports comes after what it imports.
    for own, all_below, indent, module in reversed(_LINE.findall(done.stderr)):
        while above and above[-1][0] >= len(indent):
            above.pop()
        package = package_of(module)
        yield package, above[-1][1] if above else "", int(own), int(all_below)
        above.append((len(indent), package))


def main() -> None:
    least: dict[str, tuple[float, float]] = {}
    for _ in range(_RUNS):
        took: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for package, wanted_by, own, all_below in imports():
            took[package][0] += own
            took[package][1] += all_below if wanted_by != package else 0
        for package, (own_us, all_us) in took.items():
            before = least.get(package, (float("inf"), float("inf")))
            least[package] = (min(before[0], own_us / 1000), min(before[1], all_us / 1000))
    lines = [f"{'package':24}{'own ms':>8}{'ms with what it imports':>26}"]
    del least["this project"]  # it waits for storage
    for package, (own_ms, all_ms) in sorted(least.items(), key=lambda entry: -entry[1][0]):
        lines.append(f"{package:24}{own_ms:8.1f}{all_ms:26.1f}")
    sys.stdout.write("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
