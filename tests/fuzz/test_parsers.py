"""The short form of `make fuzz`: the same parsers, the same chances each time."""

from random import Random

import pytest

from tests.fuzz.parsers import parsers

PARSERS = parsers()
RUNS = 12


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_raises_only_what_it_promises(name: str) -> None:
    for number in range(RUNS):
        PARSERS[name](Random(f"{name} {number}"))
