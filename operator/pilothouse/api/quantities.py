"""Kubernetes quantities as whole numbers, and back into words for people.

The client library's parser is out of reach here, for what decides imports nothing that could open a connection.
"""

import math
import re
from fractions import Fraction
from functools import lru_cache
from typing import Final

_FORM: Final = re.compile(r"\+?(\d{1,30}\.?\d{0,30}|\.\d{1,30})(?:(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE])|[eE]([+-]?\d{1,2}))?")
_BINARY: Final[dict[str, int]] = {f"{prefix}i": 1024**power for power, prefix in enumerate("KMGTPE", start=1)}
_LARGE: Final = {prefix: Fraction(10 ** (3 * power)) for power, prefix in enumerate("kMGTPE", start=1)}
_SMALL: Final = {prefix: Fraction(1, 10 ** (3 * power)) for power, prefix in enumerate("mun", start=1)}
_SCALE: Final = {"": Fraction(1)} | _LARGE | _SMALL | {suffix: Fraction(unit) for suffix, unit in _BINARY.items()}
_BYTES: Final = ("memory", "ephemeral-storage", "hugepages-")


class InvalidQuantityError(ValueError):
    """A text that is no Kubernetes quantity. The message says where it stands, what was found and what was expected."""


def amount(resource: str, quantity: str | float, where: str) -> int:
    """Return `quantity` as an integer, rounded up as kube-scheduler does: cpu in millicores, the rest in its unit.

    where: the path that an error names. Raises InvalidQuantityError.
    Source: k8s.io/apimachinery, pkg/api/resource/quantity.go.
    """
    value = _parsed(str(quantity))
    if value is None:
        raise InvalidQuantityError(
            f"{where}: found {quantity!r}, expected a Kubernetes quantity: a number, not negative, "
            "with a suffix if need be, such as 500m, 2 or 1Gi"
        )
    return math.ceil(value * 1000 if resource == "cpu" else value)


def millionths(decimal: str | None) -> int | None:
    """Return a decimal of at most six places, as `PRICE_PATTERN` has it, in millionths; None stays None."""
    if decimal is None:
        return None
    whole, _, part = decimal.partition(".")
    return int(whole) * 10**6 + int(part.ljust(6, "0"))


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Fraction | None:
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    number, suffix, exponent = match.groups()
    return Fraction(f"{number}e{exponent or 0}") * _SCALE[suffix or ""]


def shown(resource: str, value: int) -> str:
    """Return what `amount` makes a number of as people write it; bytes are rounded down to one decimal."""
    if resource == "cpu":
        return f"{value}m" if value % 1000 else str(value // 1000)
    return _bytes(value) if resource.startswith(_BYTES) else str(value)


def spelled(resource: str, value: int) -> str:
    """Return what `amount` makes the same number of, in the largest unit that leaves nothing over."""
    if resource == "cpu" or not resource.startswith(_BYTES):
        return shown(resource, value)
    units = ((suffix, unit) for suffix, unit in reversed(_BINARY.items()) if value and value % unit == 0)
    return next((f"{value // unit}{suffix}" for suffix, unit in units), str(value))


def _bytes(value: int) -> str:
    suffix, unit = next(((s, u) for s, u in reversed(_BINARY.items()) if u <= value), ("", 1))
    whole, tenths = value // unit, value % unit * 10 // unit
    return f"{whole}.{tenths}{suffix}" if tenths else f"{whole}{suffix}"
