"""Draws docs/scale.svg from the simulation: `.venv/stress/bin/python tests/benchmarks/scale_plot.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl

ROOT = Path(__file__).parents[2]
IMPORT_RATE = 1_300
MINUTES_SHOWN = 60


def main() -> None:
    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "scale", "svg.fonttype": "none", "font.size": 9, "axes.grid": True})
    mpl.rcParams.update({"axes.grid.which": "major", "grid.alpha": 0.3, "savefig.facecolor": "white"})
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    _breaks(left)
    _import(right)
    figure.savefig(ROOT / "docs" / "scale.svg", metadata={"Date": None})


def _breaks(axes: mpl.axes.Axes) -> None:
    from tests.benchmarks.scale import COUNTS, MINUTES, MIXES, first_break

    for number, mix in enumerate(MIXES):
        for minutes, line in ((1, ":"), (MINUTES, "-")):
            rates = [first_break(mix, count, minutes).rate for count in COUNTS]
            axes.plot(COUNTS, rates, line, color=f"C{number}", label=mix if line == "-" else None, marker=".")
    axes.axhline(100, color="black", linewidth=0.8)
    axes.text(10, 108, "API Gateway, as the stage sets it", fontsize=8)
    axes.set(xscale="log", yscale="log", xlabel="events", ylabel="requests a second", ylim=(1, 15_000))
    axes.set_title("Served without throttling\n(dotted: in the first minute of new tables)", fontsize=10)
    axes.legend(fontsize=8, loc="lower left")


def _import(axes: mpl.axes.Axes) -> None:
    from tests.benchmarks.scale import BY_DATE, BY_TIME, demand, new_stores

    _, writes = demand("import", 10_000)
    stores = new_stores("import", 10_000)
    for number, name in enumerate((BY_DATE, BY_TIME)):
        refused = [100 * stores[name].minute(0, IMPORT_RATE * writes[name]) for _ in range(MINUTES_SHOWN)]
        axes.plot(range(1, MINUTES_SHOWN + 1), refused, color=f"C{number}", label=name)
    axes.set(xlabel="minutes", ylabel="% of writes refused", ylim=(-1, 40))
    axes.set_title(
        f"{IMPORT_RATE:,} new events a second: splitting\nhelps the one index, and never the other", fontsize=10
    )
    axes.legend(fontsize=8)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
