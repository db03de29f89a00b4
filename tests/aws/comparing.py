"""Every departure's test runs twice: with the layer it must pass, on bare moto it must fail.

When moto mends something itself, the second half says so, and the departure can be deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from tests.aws.departures import Departure
from tests.aws.server import AwsServer

Check = Callable[[AwsServer], None]
FAILURES = (AssertionError, LookupError, BotoCoreError, ClientError, ResponseParserError)
COVERED: set[Departure] = set()


@dataclass(frozen=True)
class Clouds:
    """The same moto twice: behind the layer, and bare."""

    layer: AwsServer
    bare: AwsServer


def corrects(*departures: Departure) -> Callable[[Check], Callable[..., None]]:
    """Make a check of one cloud a test that passes with the layer and fails on bare moto, because of `departures`."""

    def wrap(check: Check) -> Callable[..., None]:
        COVERED.update(departures)

        def both(clouds: Clouds, bare: Any) -> None:
            if not bare:
                check(clouds.layer)
                return
            try:
                check(clouds.bare)
            except FAILURES as failure:
                print(f"on bare moto: {failure!r}")
                return
            names = ", ".join(sorted(one.__name__ for one in departures))
            pytest.fail(f"moto behaves as AWS does here by now: delete the departure {names}")

        both.__doc__ = check.__doc__
        twice = pytest.mark.parametrize("bare", [False, True], ids=["layer", "not-on-bare-moto"])
        test: Callable[..., None] = twice(both)
        return test

    return wrap


def refused(code: str, call: Callable[..., object], **parameters: Any) -> str:
    """Make a call that must be refused with `code`; returns the message."""
    try:
        call(**parameters)
    except ClientError as caught:
        error = caught.response["Error"]
    else:
        raise AssertionError(f"was not refused; expected {code}")
    assert error["Code"] == code, f"refused with {error}; expected {code}"
    return error["Message"]
