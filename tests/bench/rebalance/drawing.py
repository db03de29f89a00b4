"""The plot of a comparison, as an SVG that is the same for the same results."""

import io
from collections.abc import Mapping, Sequence
from itertools import accumulate
from statistics import fmean

import matplotlib as mpl
from matplotlib.figure import Figure

from tests.bench.rebalance.world import Result

COLOURS = {
    "none": "#7f7f7f",
    "equalise": "#d62728",
    "thresholds": "#1f77b4",
    "library": "#2ca02c",
    "unbounded": "#9467bd",
}


def draw(chosen: Mapping[str, Sequence[Result]]) -> str:
    """Draw saturated Cell-minutes over the day, mean of the seeds, and what each policy took in moves."""
    with mpl.rc_context({"svg.hashsalt": "pilothouse", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(8, 3.6), layout="constrained")
        day, both = figure.subplots(1, 2, width_ratios=(2, 1))
        for policy, days in chosen.items():
            means = [fmean(minute) for minute in zip(*(each.by_minute for each in days), strict=True)]
            hours = [minute / 60 for minute in range(len(means))]
            day.plot(hours, list(accumulate(means)), label=policy, color=COLOURS[policy])
            both.scatter(
                [each.moves for each in days],
                [each.saturated for each in days],
                color=COLOURS[policy],
                s=14,
                label=policy,
            )
        day.set(xlabel="hour of the day", ylabel="saturated pool-minutes until then", title="mean of the seeds")
        day.legend(frameon=False)
        both.set(xlabel="moves", ylabel="saturated pool-minutes", title="each seed")
        for axes in (day, both):
            axes.set_yscale("symlog", linthresh=10)
            axes.grid(alpha=0.3)
        both.set_xscale("symlog", linthresh=100)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"
