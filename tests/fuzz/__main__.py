"""`make fuzz`: feed every parser in turn, for as long as SECONDS says, and report runs and findings of each."""

import os
import sys
import time
import traceback
from collections import Counter
from random import Random

from tests.fuzz.parsers import parsers

_DEFAULT_SECONDS = 600.0
_SLOW_SECONDS = 5.0
_TELL_SECONDS = 30.0


def main() -> int:
    """Return 1 when a parser raised what it must not, or took longer than any document is worth."""
    seconds, start = _number("SECONDS", _DEFAULT_SECONDS), int(_number("SEED", time.time()))
    turns, runs, findings, end = parsers(), Counter[str](), Counter[str](), time.monotonic() + seconds
    number, told = start, time.monotonic()
    while (now := time.monotonic()) < end:
        number += 1
        if now - told > _TELL_SECONDS:
            told = now
            print(f"{end - now:.0f} s left, {runs.total()} runs, {findings.total()} findings", file=sys.stderr)
        for name, turn in turns.items():
            began = time.process_time()
            try:
                turn(Random(f"{name} {number}"))
            except Exception:  # noqa: BLE001 - whatever it is, it is a finding
                findings[name] += 1
                if findings[name] <= 3:
                    print(f"{name}, seed {number}:\n{traceback.format_exc()}")
            runs[name] += 1
            if (took := time.process_time() - began) > _SLOW_SECONDS:
                findings[name] += 1
                print(f"{name}, seed {number}: took {took:.1f} s of a CPU")
    for name in turns:
        print(f"{runs[name]:>8} runs {findings[name]:>4} findings  {name}")
    print(f"{runs.total()} runs, {findings.total()} findings, from seed {start + 1} (SEED={start} repeats them)")
    return 1 if findings else 0


def _number(name: str, otherwise: float) -> float:
    """Return the number in an environment variable, or another one where it is not set. Exits where it is none."""
    try:
        return float(os.environ.get(name) or otherwise)
    except ValueError as error:
        raise SystemExit(f"{name}: {error}; give a number, as in: make fuzz SECONDS=60") from None


if __name__ == "__main__":
    sys.exit(main())
