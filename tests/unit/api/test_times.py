"""Times are written as Kubernetes writes them, and read back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.api.times import rfc3339, seconds


@given(st.integers(0, 4_000_000_000))
@settings(max_examples=50)
def test_whole_seconds_survive(moment: int) -> None:
    assert seconds(rfc3339(moment)) == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [("2023-11-14T22:13:20Z", 1_700_000_000.0), ("2023-11-14T23:13:20+01:00", 1_700_000_000.0), ("", 0.0)],
    ids=["UTC", "another zone", "never"],
)
def test_times_are_read(text: str, moment: float) -> None:
    assert seconds(text) == moment


def test_fractions_are_cut() -> None:
    """A status that changes with every fraction of a second would be written with every pass."""
    assert rfc3339(1_700_000_000.9) == "2023-11-14T22:13:20Z"
