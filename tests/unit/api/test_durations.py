"""Durations as Go writes them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.durations import DURATION_PATTERN, parsed, shown

SPELLED = {"90s": 90.0, "20m": 1_200.0, "1h30m": 5_400.0, "1.5h": 5_400.0, "250ms": 0.25, "1h0m1s": 3_601.0}


@pytest.mark.parametrize(("text", "seconds"), SPELLED.items())
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert re.match(DURATION_PATTERN, text)
    assert parsed(text) == seconds


@pytest.mark.parametrize("text", ["", "20", "20 m", "-5m", "1d", "m", "20m!"])
def test_what_is_no_duration_is_refused_by_the_schema(text: str) -> None:
    assert not re.match(DURATION_PATTERN, text)


@given(st.integers(0, 10**7))
def test_what_is_shown_is_read_again(seconds: int) -> None:
    assert re.match(DURATION_PATTERN, shown(seconds))
    assert parsed(shown(seconds)) == seconds
