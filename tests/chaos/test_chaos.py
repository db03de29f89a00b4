"""A short storm; `make chaos` has the long one, and the same with safeguards taken away."""

import random
import sys

import pytest

from tests.chaos.__main__ import SEED
from tests.chaos.running import run

APPLICATIONS, SECONDS = 24, 40.0


@pytest.mark.cluster
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_storm_does_no_harm(capsys: pytest.CaptureFixture[str]) -> None:
    report = run(random.Random(SEED), APPLICATIONS, SECONDS, lambda text: print(text, file=sys.stderr))
    with capsys.disabled():
        print(f"\n{report.table()}")
    assert report.faults == []
    assert len(report.verdict.made) >= APPLICATIONS, "too little happened: this proves nothing"
