"""`make chaos`: a storm over the operator on real parts, the same without its safeguards, and a table of both."""

import argparse
import random
import sys
import time
from contextlib import suppress
from typing import Final

from rich.console import Console

from tests.chaos import window
from tests.chaos.running import Report, run, table

MINUTES, APPLICATIONS, SEED = 10.0, 200, 20261130
SAFE: Final = "as it is"
RECKLESS: Final = "without its safeguards"


def main() -> int:
    """Run the storms and print the table. Exit code 1 if there was harm with safeguards, or none without."""
    options = _options()
    console, began = Console(stderr=True), time.monotonic()

    def tell(text: str) -> None:
        console.print(f"{time.monotonic() - began:5.0f} s  {text}", highlight=False, soft_wrap=True)

    tell(f"measuring {window.CALLS} calls")
    windows = window.told(window.measure())
    reports: dict[str, Report] = {}
    for name in options.only or (SAFE, RECKLESS):
        tell(f"{name}: seed {options.seed}: {options.applications} Applications, {options.minutes:g} minutes")
        chance, seconds = random.Random(options.seed), options.minutes * 60
        reports[name] = run(chance, options.applications, seconds, tell, reckless=name == RECKLESS)
        tell(f"{name}: {reports[name].rows()}")
        for fault in reports[name].faults[:20]:
            tell(fault)
    sys.stdout.write(f"{table(reports)}\n\nFrom the last check of a change to its arrival at AWS: {windows}.\n")
    return _verdict(reports)


def _verdict(reports: dict[str, Report]) -> int:
    safe, reckless = reports.get(SAFE), reports.get(RECKLESS)
    if reckless is not None and not reckless.verdict.faults:
        sys.stderr.write("without its safeguards it did no harm either: the storm proves nothing\n")
        return 1
    return int(safe is not None and bool(safe.faults))


def _minutes(text: str) -> float:
    with suppress(ValueError):
        if 0 < (minutes := float(text)) < float("inf"):
            return minutes
    raise argparse.ArgumentTypeError(f"{text}: give a number above 0")


def _applications(text: str) -> int:
    with suppress(ValueError):
        if (number := int(text)) >= 1:
            return number
    raise argparse.ArgumentTypeError(f"{text}: give a whole number, at least 1")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=_minutes, default=MINUTES, help="how long things go wrong (%(default)s)")
    parser.add_argument(
        "--applications", type=_applications, default=APPLICATIONS, help="how many there are (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=SEED, help="of everything that is drawn (%(default)s)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--safe", dest="only", action="store_const", const=(SAFE,), help=f"only the operator {SAFE}")
    which.add_argument(
        "--unsafe", dest="only", action="store_const", const=(RECKLESS,), help=f"only the operator {RECKLESS}"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
