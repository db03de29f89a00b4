"""`python -m tests.chaos`: a storm over the operator on real parts, and one table of what it did."""

import argparse
import random
import sys
import time

from rich.console import Console

from tests.chaos.running import Report, run

MINUTES, APPLICATIONS, SEED = 10.0, 200, 20261130


def main() -> int:
    """Run a storm and print the table; with --unsafe, run it with safeguards taken away, which must do harm."""
    options = _options()
    console, began = Console(stderr=True), time.monotonic()

    def tell(text: str) -> None:
        console.print(f"{time.monotonic() - began:5.0f} s  {text}", highlight=False, soft_wrap=True)

    tell(f"seed {options.seed}: {options.applications} Applications, {options.minutes:g} minutes")
    chance = random.Random(options.seed)
    report = run(chance, options.applications, options.minutes * 60, tell, unsafe=options.unsafe)
    sys.stdout.write(report.table() + "\n")
    for fault in report.faults[:20]:
        tell(fault)
    return _verdict(report, unsafe=options.unsafe)


def _verdict(report: Report, *, unsafe: bool) -> int:
    if unsafe and not report.faults:
        sys.stderr.write("with its safeguards taken away it did no harm either: the storm proves nothing\n")
        return 1
    return 0 if unsafe or not report.faults else 1


def _minutes(text: str) -> float:
    if not 0 < (minutes := float(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: give a number above 0")
    return minutes


def _applications(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text}: give at least 1")
    return number


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=_minutes, default=MINUTES, help="how long things go wrong (%(default)s)")
    parser.add_argument(
        "--applications", type=_applications, default=APPLICATIONS, help="how many there are (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=SEED, help="of everything that is drawn (%(default)s)")
    parser.add_argument("--unsafe", action="store_true", help="let AWS forget tokens and hide what was just made")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
