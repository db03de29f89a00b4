"""Versions of engines that update themselves: when what is there is what was asked for.

Source: the Amazon RDS User Guide, "Upgrading a DB instance engine version".
"""

import re


def serves(engine: str, wanted: str, found: str, *, automatic: bool) -> bool:
    """Tell whether the version `found` is what `wanted` asks for.

    15 is served by every 15.x. automatic: whether the service may raise the minor version by itself, so that a newer
    one of the same major version is nobody's mistake.
    """
    if found == wanted or found.startswith(f"{wanted}."):
        return True
    newer = _numbers(found) > _numbers(wanted)
    return automatic and newer and major(engine, found) == major(engine, wanted)


def major(engine: str, version: str) -> tuple[int, ...]:
    """Return the part of a version that only a major upgrade changes: 15 of 15.4, 8.0 of MySQL's 8.0.35."""
    digits = 2 if engine in {"mysql", "mariadb", "aurora-mysql"} else 1
    return _numbers(version)[:digits]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", version))
