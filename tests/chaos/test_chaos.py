"""A short storm; `make chaos` has the long one, and the same with safeguards taken away."""

import random
import sys

import pytest

from tests.chaos.__main__ import SAFE, SEED
from tests.chaos.running import run, table

APPLICATIONS, SECONDS = 24, 40.0
LEAST_MADE = 8
"""Where no operator gets to work for long, many Applications are gone again before anything was made for them."""


@pytest.mark.cluster
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_storm_does_no_harm(capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(SEED)
    report = run(chance, APPLICATIONS, SECONDS, lambda text: print(text, file=sys.stderr), addresses=False)
    with capsys.disabled():
        print(f"\n{table({SAFE: report})}")
    assert report.faults == []
    assert len(report.verdict.made) >= LEAST_MADE, "too little happened: this proves nothing"
