"""The departures as a whole: each is tested, and can be looked up."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

from tests.aws.comparing import COVERED
from tests.aws.departures import all_departures
from tests.aws.server import TREE


def test_every_departure_has_a_test() -> None:
    """A departure without a test could hide that moto was mended, or that we are wrong."""
    for found in Path(__file__).parent.glob("test_departures_*.py"):
        import_module(f"tests.aws.{found.stem}")
    assert sorted(one.__name__ for one in all_departures() - COVERED) == []


def test_every_departure_is_listed_with_what_aws_does() -> None:
    """Whoever wonders what is moto's and what is ours asks for the list."""
    command = [sys.executable, "-m", "tests.aws", "--departures"]
    listed = subprocess.run(command, cwd=TREE, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert [one.__name__ for one in all_departures() if one.__name__ not in listed] == []
    assert "sqs:ListQueues" in listed
