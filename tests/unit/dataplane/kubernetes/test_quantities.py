"""Quantities are whole numbers here, rounded up as the scheduler does."""

from fractions import Fraction

import pytest
from kubernetes.utils.quantity import parse_quantity

from pilothouse.dataplane.kubernetes.quantities import amount, amounts, parsed, spelled

GOOD = [
    "0",
    "1",
    "100m",
    "1.5",
    ".5",
    "5.",
    "+2",
    "-3",
    "1k",
    "2M",
    "3G",
    "4T",
    "5P",
    "6E",
    "7u",
    "8n",
    "9Ki",
    "1.5Gi",
    "2Ei",
]
EXPONENTS = {"12e6": 12_000_000, "1E3": 1000, "5e-1": Fraction(1, 2)}


@pytest.mark.parametrize("text", GOOD)
def test_a_quantity_has_the_value_that_the_official_client_gives_it(text: str) -> None:
    assert parsed(text) == Fraction(parse_quantity(text))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(("text", "value"), EXPONENTS.items())
def test_exponents_are_understood(text: str, value: Fraction) -> None:
    assert parsed(text) == value


@pytest.mark.parametrize("text", ["", "lots", "1mi", "1 Gi", "0x1", "1e999", "\u0661", "Gi"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no quantity"):
        parsed(text)


def test_amounts_are_millicores_and_units_rounded_up() -> None:
    wanted: dict[str, str | float] = {"cpu": "0.1001", "memory": "1.5Ki", "nvidia.com/gpu": 2, "pods": "110"}
    assert amounts(wanted) == {"cpu": 101, "memory": 1536, "nvidia.com/gpu": 2, "pods": 110}
    assert amounts(None) == {}
    assert amount("memory", "1m") == 1


def test_amounts_are_spelled_for_people() -> None:
    totals = {
        "pods": 110,
        "cpu": 1500,
        "memory": 3 * 1024**3,
        "hugepages-2Mi": 0,
        "ephemeral-storage": 1000,
        "x.io/y": 2048,
    }
    assert spelled(totals) == {
        "cpu": "1500m",
        "ephemeral-storage": "1000",
        "hugepages-2Mi": "0",
        "memory": "3Gi",
        "pods": "110",
        "x.io/y": "2048",
    }
    assert spelled({"cpu": 4000}) == {"cpu": "4"}
