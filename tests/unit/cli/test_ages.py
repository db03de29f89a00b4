"""Ages are as kubectl shows them."""

import pytest

from pilothouse.cli.views.ages import age
from tests.unit.cli import samples


@pytest.mark.parametrize(
    ("then", "shown"),
    [
        ("2026-10-31T12:34:56Z", "0s"),
        ("2026-10-31T12:33:06Z", "110s"),
        ("2026-10-31T12:32:56Z", "2m"),
        ("2026-10-31T09:34:56Z", "3h"),
        ("2026-10-28T12:34:56Z", "3d"),
        ("2026-10-31T12:35:56Z", "0s"),
        ("", ""),
        ("yester\x1bday", "yester\\x1bday"),
    ],
    ids=["now", "seconds", "minutes", "hours", "days", "a clock ahead of ours", "never", "no time at all"],
)
def test_ages_are_as_kubectl_shows_them(then: str, shown: str) -> None:
    assert age(then, samples.NOW) == shown
