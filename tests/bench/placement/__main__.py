"""`python -m tests.bench.placement --nodes FILE --pods FILE`: how much of the GPUs the packing engine allocates."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from pilothouse.desired.placement.packing.policies import DEFAULT, POLICIES
from tests.bench.placement.running import MOVABLE, mean, run
from tests.bench.placement.traces import UnreadableError, read_nodes, read_pods


def seeds(text: str) -> list[int]:
    """Read `42`, `42,45` or `42-51`, or several of these. Raises argparse.ArgumentTypeError."""
    found: list[int] = []
    for part in text.split(","):
        bounds = re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", part)
        first, last = (int(bounds[1]), int(bounds[2] or bounds[1])) if bounds else (1, 0)
        if last < first:
            raise argparse.ArgumentTypeError(f"{text!r} is not a list of seeds, as in 42-51 or 42,45")
        found += range(first, last + 1)
    return found


def percent(text: str) -> float:
    """Read a percentage. Raises argparse.ArgumentTypeError."""
    if not re.fullmatch(r"\d+(\.\d+)?", text) or float(text) > 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a percentage from 0 to 100")
    return float(text)


def main(arguments: Sequence[str]) -> int:
    """Print a line of JSON for each seed, and one with the mean; say what is wrong on standard error, and return 2."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.placement", description=__doc__)
    parser.add_argument("--nodes", type=Path, required=True, help="CSV: sn, cpu_milli, memory_mib, gpu, model")
    parser.add_argument("--pods", type=Path, required=True, help="CSV: cpu_milli, memory_mib, num_gpu, gpu_milli, ...")
    parser.add_argument("--seeds", type=seeds, default="42-51", help="as in 42-51 or 42,45 (default: 42-51)")
    parser.add_argument("--policy", choices=POLICIES, default=DEFAULT, help=f"default: {DEFAULT}")
    parser.add_argument(
        "--movable",
        type=percent,
        default=100 * MOVABLE,
        metavar="PERCENT",
        help="of the pods placed, how many may be moved to make room for others; 0: none (default: %(default)g)",
    )
    asked = parser.parse_args(arguments)
    try:
        nodes, pods = read_nodes(asked.nodes), read_pods(asked.pods)
    except UnreadableError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    results = []
    for seed in asked.seeds:
        results.append(run(nodes, pods, seed, asked.policy, asked.movable / 100))
        print(json.dumps({"seed": seed, "policy": asked.policy, **results[-1].rounded()}), flush=True)
    print(json.dumps({"mean": mean(results).rounded()}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
