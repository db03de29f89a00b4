"""`python -m tests.bench.rebalance`: let a fleet live through days under one policy or another, and count."""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import fmean
from typing import Any

from tests.bench.rebalance.causes import BEYOND_HELP, Cause
from tests.bench.rebalance.drawing import draw
from tests.bench.rebalance.loads import Shape, loads
from tests.bench.rebalance.movers import POLICIES
from tests.bench.rebalance.world import Result, Rules, World


def simulate(policy: str, seed: int, shape: Shape, rules: Rules = Rules()) -> Result:  # noqa: B008 - it is frozen
    """Return what became of a day with this seed under a policy. The same arguments give the same result."""
    return World(seed, loads(seed, shape), shape, rules).run(POLICIES[policy])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a JSON line for each policy and seed, and one with the means of each policy, by cause too."""
    options = _options(arguments)
    shape, rules = Shape(minutes=options.minutes), Rules(minutes=options.move_minutes)
    chosen = {policy: _days(policy, options.seeds, shape, rules) for policy in options.policy or ("library",)}
    for policy, days in chosen.items():
        for line in _lines(policy, options.seeds, days):
            print(json.dumps(line))
    if options.plot:
        options.plot.write_text(draw(chosen), encoding="utf-8")
    return 0


def _days(policy: str, seeds: Sequence[int], shape: Shape, rules: Rules) -> list[Result]:
    with ProcessPoolExecutor(max_workers=min(2, len(seeds))) as pool:
        return list(pool.map(simulate, *zip(*((policy, seed, shape, rules) for seed in seeds), strict=True)))


def _lines(policy: str, seeds: Sequence[int], days: Sequence[Result]) -> Iterator[dict[str, Any]]:
    for seed, day in zip(seeds, days, strict=True):
        figures = {"saturated_pool_minutes": day.saturated, "moves": day.moves, "peak": round(day.peak, 3)}
        yield {"policy": policy, "seed": seed, **figures, "beyond_help": sum(day.causes[each] for each in BEYOND_HELP)}
    saturated, moves = fmean(day.saturated for day in days), fmean(day.moves for day in days)
    causes = {cause.value: round(fmean(day.causes[cause] for day in days), 1) for cause in Cause}
    means = {"saturated_pool_minutes": round(saturated, 1), "moves": round(moves, 1), "causes": causes}
    yield {"policy": policy, "mean": means}


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.rebalance", description=__doc__)
    parser.add_argument("--seeds", type=_seeds, default=range(1, 11), help="such as 1-10 (the default) or 101")
    parser.add_argument(
        "--policy", action="append", choices=sorted(POLICIES), help="may be repeated (default: library)"
    )
    parser.add_argument("--minutes", type=int, default=Shape().minutes, help="how long a day is (default: %(default)s)")
    parser.add_argument(
        "--move-minutes", type=int, default=Rules().minutes, help="how long a move takes (default: %(default)s)"
    )
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw what is compared")
    return parser.parse_args(arguments)


def _seeds(text: str) -> range:
    found = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"expected a seed such as 7, or a range such as 1-10, found {text!r}")
    return range(int(found[1]), int(found[2] or found[1]) + 1)


if __name__ == "__main__":
    sys.exit(main())
