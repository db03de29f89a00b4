"""Kubernetes quantities as integers: cpu in thousandths of a core, everything else in its own unit, rounded up.

Source: apimachinery, pkg/api/resource/quantity.go. Own code: the `kubernetes` package has a parser, but whoever decides
may not load that package.
"""

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from math import ceil
from typing import Final

CPU: Final = "cpu"

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,2}))?", re.ASCII)
_DECIMAL: Final = "num kMGTPE"
_DECIMAL_OF_ONE: Final = _DECIMAL.index(" ")
_BINARY: Final = " KMGTPE"
_KIBI: Final = 1024


def parsed(quantity: str | float) -> Fraction:
    """Return the exact value of a quantity such as 100m, 1.5Gi or 12e6. Raises ValueError for anything else."""
    found = _QUANTITY.fullmatch(str(quantity))
    if found is None:
        raise ValueError(f"{quantity!r} is no quantity: expected such as 2, 100m, 1.5Gi or 12e6")
    number, suffix, exponent = found.groups()
    if exponent:
        return Fraction(number) * _power(10, int(exponent))
    if suffix and suffix.endswith("i"):
        return Fraction(number) * _power(_KIBI, _BINARY.index(suffix[0]))
    return Fraction(number) * _power(1000, _DECIMAL.index(suffix or " ") - _DECIMAL_OF_ONE)


@lru_cache(maxsize=8192)
def amount(resource: str, quantity: str | float) -> int:
    """Return a quantity of `resource` as an integer: cpu in millicores, memory in bytes, others in their unit."""
    return ceil(parsed(quantity) * (1000 if resource == CPU else 1))


def amounts(quantities: Mapping[str, str | float] | None) -> dict[str, int]:
    """Return every quantity of a resource list as an integer; an absent list is empty."""
    return {resource: amount(resource, quantity) for resource, quantity in (quantities or {}).items()}


def spelled(totals: Mapping[str, int]) -> dict[str, str]:
    """Return integers as quantities that people read: cpu 1500m, memory 3Gi; sorted by resource."""
    return {resource: _spelled(resource, totals[resource]) for resource in sorted(totals)}


def _power(number: int, exponent: int) -> Fraction:
    return Fraction(number**exponent) if exponent >= 0 else Fraction(1, number**-exponent)


def _spelled(resource: str, total: int) -> str:
    if resource == CPU:
        return str(total // 1000) if total % 1000 == 0 else f"{total}m"
    if resource not in ("memory", "ephemeral-storage") and not resource.startswith("hugepages-"):
        return str(total)
    return next((f"{total // unit}{suffix}" for suffix, unit in _units() if total and total % unit == 0), str(total))


def _units() -> Iterator[tuple[str, int]]:
    """Yield binary suffixes and their units, the largest first."""
    for power in range(len(_BINARY) - 1, 0, -1):
        yield f"{_BINARY[power]}i", _KIBI**power
