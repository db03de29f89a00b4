"""Where the suite runs: the emulated AWS, or an account of AWS that environment variables name. See README.md."""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import pytest

from pilothouse.dataplane.types import Owner
from tests.aws.server import DEFAULT_ACCOUNT, DEFAULT_REGION

ACCOUNT: Final = "PILOTHOUSE_TEST_AWS_ACCOUNT"
REGION: Final = "PILOTHOUSE_TEST_AWS_REGION"
PATIENCE: Final = "PILOTHOUSE_TEST_AWS_PATIENCE"
PAUSE: Final = "PILOTHOUSE_TEST_AWS_PAUSE"


@dataclass(frozen=True)
class Place:
    """An account and region.

    control_plane: whose mark everything bears, another in each run against AWS; patience: seconds until something is
    given up; pause: seconds between two looks.
    """

    account: str = DEFAULT_ACCOUNT
    region: str = DEFAULT_REGION
    control_plane: str = "control-plane-1"
    patience: float = 10.0
    pause: float = 0.01
    real: bool = False
    _numbers: Iterator[int] = field(default_factory=itertools.count, compare=False)

    @property
    def owner(self) -> Owner:
        """The same in all tests; on AWS another for each: the name of what was deleted may be taken for a minute."""
        return Owner(self.control_plane, "shop", f"checkout-{next(self._numbers)}" if self.real else "checkout")


def place(environment: Mapping[str, str]) -> Place:
    """Return where to run. Raises pytest.UsageError when only a half of an account is named."""
    account, region = environment.get(ACCOUNT, ""), environment.get(REGION, "")
    if not account and not region:
        return Place()
    if not account or not region:
        given, missing = (ACCOUNT, REGION) if account else (REGION, ACCOUNT)
        raise pytest.UsageError(f"{given} is set and {missing} is not: set both, or neither for the emulated AWS")
    patience, pause = float(environment.get(PATIENCE, "300")), float(environment.get(PAUSE, "2"))
    return Place(account, region, f"contract-{uuid.uuid4()}", patience, pause, real=True)


PLACE: Final = place(os.environ)
